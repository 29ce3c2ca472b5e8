package e2e

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// deletePod deletes a pod and waits until another has its name and is ready.
func (s *space) deletePod(name string, options ...client.DeleteOption) {
	s.t.Helper()
	old := s.pod(name)
	s.remove(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}, options...)
	s.replaced(name, old.UID)
}

// replaced waits until another pod than the one of that UID is ready.
func (s *space) replaced(name string, old types.UID) {
	s.t.Helper()
	s.awaitPod(name, "is another and ready", func(p *corev1.Pod) error {
		if p.UID == old {
			return fmt.Errorf("it is still the old one")
		}
		return podReady(p)
	})
}

// pod reads a pod.
func (s *space) pod(name string) *corev1.Pod {
	s.t.Helper()
	p := &corev1.Pod{}
	s.read(name, p)
	return p
}

// awaitPod waits until a pod is as check wants it.
func (s *space) awaitPod(name, what string, check func(*corev1.Pod) error) *corev1.Pod {
	s.t.Helper()
	p := &corev1.Pod{}
	eventually(s.t, long, "pod "+name+" "+what, func(ctx context.Context) error {
		p = &corev1.Pod{}
		if err := world.Get(ctx, s.key(name), p); err != nil {
			return err
		}
		if err := check(p); err != nil {
			return fmt.Errorf("%w (phase %s, containers %+v)", err, p.Status.Phase, p.Status.ContainerStatuses)
		}
		return nil
	})
	return p
}

func podReady(p *corev1.Pod) error {
	if p.DeletionTimestamp != nil {
		return fmt.Errorf("it is being deleted")
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("it is not ready")
}

// log returns what a pod has written so far.
func (s *space) log(ctx context.Context, pod string) (string, error) {
	raw, err := world.clientset.CoreV1().Pods(s.name).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	return string(raw), err
}
