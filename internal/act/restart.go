package act

import (
	"context"
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
)

// restart evicts the very pod that was seen, once the cluster itself has
// answered that its member is still the one: the budget arbitrates between us
// and whoever drains nodes.
func (a *Actor) restart(ctx context.Context, s *Situation, action plan.Restart) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	if _, err := listed(s, members, action.Name, action.ID); err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil || pod == nil || pod.DeletionTimestamp != nil {
		return err
	}
	eviction := &policyv1.Eviction{
		ObjectMeta:    metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name},
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}},
	}
	err = a.Client.SubResource("eviction").Create(ctx, pod, eviction)
	switch {
	case apierrors.IsTooManyRequests(err):
		return fmt.Errorf("%w: the PodDisruptionBudget does not let pod %s go: %w", ErrNotYet, pod.Name, err)
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("evict pod %s: %w", pod.Name, err)
	default:
		return nil
	}
}
