package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// recreate deletes pods that hold no voter. Each is read again first: one that
// has started meanwhile in a formed cluster stays.
func (a *Actor) recreate(ctx context.Context, s *Situation, action plan.Recreate) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for _, name := range action.Members {
		seen := s.Pods[name]
		if seen == nil {
			continue
		}
		pod := &corev1.Pod{}
		if err := a.Live.Get(ctx, client.ObjectKeyFromObject(seen), pod); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read pod %s: %w", seen.Name, err)
		} else if err != nil || pod.UID != seen.UID {
			continue
		}
		if s.Cluster.Status.ClusterID != "" && running(pod) && !a.refuses(ctx, s, name) {
			continue
		}
		preconditions := client.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion}
		if err := a.Client.Delete(ctx, pod, preconditions); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// refuses reports whether the agent that runs in a pod does not start etcd, by
// its own word.
func (a *Actor) refuses(ctx context.Context, s *Situation, name etcd.MemberName) bool {
	report, err := a.report(ctx, s, name)
	return err == nil && report.State == control.StateRefused
}

func running(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running != nil {
			return true
		}
	}
	return false
}
