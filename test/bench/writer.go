package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The steady writer of test/e2e/client: what it is told, and where it answers.
const (
	writerPort     = 8080
	writerInterval = 10 * time.Millisecond
	writerAttempt  = 300 * time.Millisecond
	writerPatience = time.Second
)

// writer is a pod that writes through a client Service until it is stopped.
type writer struct {
	b   *bench
	pod *corev1.Pod
}

// write starts one and returns once it has come into its stride.
func (b *bench) write(ctx context.Context, cluster string) (*writer, error) {
	pod := b.loadPod("writer", []string{cluster}, []string{
		"--endpoint=" + service(cluster), "--tls=/tls/" + cluster, "--pause=" + writerInterval.String(),
		"--attempt=" + writerAttempt.String(), "--patience=" + writerPatience.String(), "steady", fmt.Sprintf(":%d", writerPort),
	})
	pod.Spec.Containers[0].Image = b.options.clientImage
	// Without a share of the processors it would measure how long it waits for one.
	pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m")}
	if err := b.Create(ctx, pod); err != nil {
		return nil, err
	}
	w := &writer{b, pod}
	err := await(ctx, "the writer runs", func() (bool, error) {
		err := b.Get(ctx, client.ObjectKeyFromObject(pod), pod)
		if pod.Status.Phase == corev1.PodFailed {
			return false, fmt.Errorf("it failed; see the log of pod %s/%s", pod.Namespace, pod.Name)
		}
		return pod.Status.Phase == corev1.PodRunning, err
	})
	if err == nil {
		err = w.progress(ctx, 100)
	}
	if err != nil {
		w.remove(ctx)
		return nil, err
	}
	return w, nil
}

func service(cluster string) string {
	return fmt.Sprintf("https://%s-client.%s.svc:2379", cluster, namespace)
}

// ask goes through the API server: this process has no way into the nodes' network.
func (w *writer) ask(ctx context.Context, verb, path string) ([]byte, error) {
	out, err := w.b.clientset.CoreV1().RESTClient().Verb(verb).Namespace(namespace).Resource("pods").
		Name(fmt.Sprintf("%s:%d", w.pod.Name, writerPort)).SubResource("proxy").Suffix(path).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the writer for %s: %w", path, err)
	}
	return out, nil
}

// progress waits until that many more writes are acknowledged.
func (w *writer) progress(ctx context.Context, more int) error {
	start := -1
	return await(ctx, fmt.Sprintf("%d more writes are acknowledged", more), func() (bool, error) {
		body, err := w.ask(ctx, "GET", "acked")
		if err != nil && start < 0 {
			return false, nil // it does not listen yet
		}
		if err != nil {
			return false, err
		}
		acked, err := strconv.Atoi(strings.TrimSpace(string(body)))
		if start < 0 {
			start = acked
		}
		return acked >= start+more, err
	})
}

// member is the ID of the member that acknowledged the last write.
func (w *writer) member(ctx context.Context) (string, error) {
	body, err := w.ask(ctx, "GET", "member")
	return strings.TrimSpace(string(body)), err
}

// redial makes its connection anew, and returns once it is in use.
func (w *writer) redial(ctx context.Context) error {
	if _, err := w.ask(ctx, "POST", "redial"); err != nil {
		return err
	}
	return w.progress(ctx, 50)
}

// stop ends it and returns all that it did.
func (w *writer) stop(ctx context.Context) (history, error) {
	defer w.remove(ctx)
	var h history
	body, err := w.ask(ctx, "POST", "stop")
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(body, &h); err != nil {
		return h, fmt.Errorf("read the writer's history: %w", err)
	}
	return h, nil
}

// remove may be repeated.
func (w *writer) remove(ctx context.Context) {
	if w.pod == nil {
		return
	}
	w.b.forget(context.WithoutCancel(ctx), w.pod)
	w.pod = nil
}
