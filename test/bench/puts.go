package main

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// measurePuts writes to both from one pod, in turns.
func (b *bench) measurePuts(ctx context.Context) error {
	mine, plain := ours{}.name(), bare{}.name()
	out, err := b.load(ctx, "compare", []string{mine, plain},
		"--endpoints="+endpoints(mine), "--b-endpoints="+endpoints(plain), "--tls=/tls/"+mine, "--b-tls=/tls/"+plain, "compare")
	if err != nil {
		return fmt.Errorf("compare puts: %w", err)
	}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case name == "turn":
			note("%s, A is %s, B is %s", lines.Text(), mine, plain)
		case err != nil:
			return fmt.Errorf("the load's line %q: %w", lines.Text(), err)
		case name == "ratio":
			figure("puts.ratio", number, "ratio", atLeast(0.97))
		case name == "a.puts":
			figure("puts.rate", number, "puts/s", goal{})
		case name == "b.puts":
			figure("puts.bare.rate", number, "puts/s", goal{})
		}
	}
	return nil
}

// checkVoters asks the cluster itself, over mTLS and through its client
// Service: three members, each started, each a voter.
func (b *bench) checkVoters(ctx context.Context, name string) error {
	out, err := b.load(ctx, "check", []string{name},
		"--endpoints="+service(name), "--tls=/tls/"+name, "members")
	if err != nil {
		return fmt.Errorf("ask %s for its members: %w", name, err)
	}
	voters := 0
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) == 3 && podOf(fields[1], name) && fields[2] == "voter" {
			voters++
		}
	}
	if voters != replicas {
		return fmt.Errorf("%s has not %d voters:\n%s", name, replicas, out)
	}
	return nil
}

func endpoints(name string) string {
	var all []string
	for i := range replicas {
		all = append(all, fmt.Sprintf("https://%s-%d.%s-peers.%s.svc:2379", name, i, name, namespace))
	}
	return strings.Join(all, ",")
}

// load runs test/load in a pod with the users' credentials of these clusters.
func (b *bench) load(ctx context.Context, pod string, clusters []string, args ...string) (string, error) {
	return b.runPod(ctx, b.loadPod(pod, clusters, args))
}

// runPod runs a pod to its end and returns what it has printed.
func (b *bench) runPod(ctx context.Context, object *corev1.Pod) (string, error) {
	pod := object.Name
	if err := b.Create(ctx, object); err != nil {
		return "", err
	}
	defer b.forget(context.WithoutCancel(ctx), object)
	err := await(ctx, "the pod "+pod+" has ended", func() (bool, error) {
		err := b.Get(ctx, client.ObjectKeyFromObject(object), object)
		return object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed, err
	})
	if err != nil {
		return "", err
	}
	out, err := b.clientset.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return "", err
	}
	if object.Status.Phase != corev1.PodSucceeded {
		return "", fmt.Errorf("the pod %s failed: %s", pod, out)
	}
	return string(out), nil
}

func (b *bench) forget(ctx context.Context, pod *corev1.Pod) {
	if err := b.Delete(ctx, pod, client.GracePeriodSeconds(0)); err != nil {
		note("the pod %s is left behind: %v", pod.Name, err)
		return
	}
	_ = await(ctx, "the pod is gone", func() (bool, error) {
		err := b.Get(ctx, client.ObjectKeyFromObject(pod), &corev1.Pod{})
		return err != nil, client.IgnoreNotFound(err)
	})
}

func (b *bench) loadPod(pod string, clusters, args []string) *corev1.Pod {
	container := corev1.Container{
		Name: "load", Image: b.options.loadImage, ImagePullPolicy: corev1.PullNever, Args: args, SecurityContext: containerSecurity(),
	}
	var volumes []corev1.Volume
	for _, name := range clusters {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: "/tls/" + name, ReadOnly: true})
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: name + "-client-tls"},
		}})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: namespace},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: ptr.To(false),
			SecurityContext: podSecurity(), Containers: []corev1.Container{container}, Volumes: volumes,
		},
	}
}
