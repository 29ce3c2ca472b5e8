package act

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// withdraw takes pods out of the client Service, and notes since when.
func (a *Actor) withdraw(ctx context.Context, s *Situation, action plan.Withdraw) error {
	return a.serving(ctx, s, action, action.Members, func(pod *corev1.Pod) {
		if pod.Labels[v1alpha1.LabelServing] == "false" && pod.Annotations[v1alpha1.AnnotationWithdrawn] != "" {
			return
		}
		set(&pod.Labels, v1alpha1.LabelServing, "false")
		set(&pod.Annotations, v1alpha1.AnnotationWithdrawn, a.Now().UTC().Format(time.RFC3339Nano))
	})
}

// welcome puts pods back into the client Service.
func (a *Actor) welcome(ctx context.Context, s *Situation, action plan.Welcome) error {
	return a.serving(ctx, s, action, action.Members, func(pod *corev1.Pod) {
		set(&pod.Labels, v1alpha1.LabelServing, "true")
		delete(pod.Annotations, v1alpha1.AnnotationWithdrawn)
	})
}

func set(m *map[string]string, key, value string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}

// serving changes the very pods that were seen; one that is gone serves nobody.
func (a *Actor) serving(ctx context.Context, s *Situation, action plan.Action, names []etcd.MemberName, change func(*corev1.Pod)) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		pod, err := a.livePod(ctx, s, name)
		if err != nil || pod == nil {
			errs = append(errs, err)
			continue
		}
		base := pod.DeepCopy()
		change(pod)
		patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
		if err := a.Client.Patch(ctx, pod, patch, client.FieldOwner(FieldManager)); client.IgnoreNotFound(err) != nil {
			errs = append(errs, fmt.Errorf("label pod %s: %w", pod.Name, err))
		}
	}
	return errors.Join(errs...)
}
