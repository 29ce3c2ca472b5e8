package act

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// renewClaims deletes the StatefulSet and leaves its pods running. The rule for
// objects makes it anew, and it adopts them.
func (a *Actor) renewClaims(ctx context.Context, s *Situation) error {
	if err := a.intend(ctx, s, plan.RenewClaims{}); err != nil {
		return err
	}
	live, err := a.liveSet(ctx, s)
	if err != nil {
		return err
	}
	return a.exactly(ctx, live, client.PropagationPolicy(metav1.DeletePropagationOrphan))
}

// growClaims asks for larger volumes. None is ever asked to shrink.
func (a *Actor) growClaims(ctx context.Context, s *Situation, action plan.GrowClaims) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	size := *resource.NewQuantity(action.Size, resource.BinarySI)
	var errs []error
	for name, seen := range s.Claims {
		if slices.Contains(action.Claims, seen.Name) {
			errs = append(errs, a.growClaim(ctx, s, name, size))
		}
	}
	return errors.Join(errs...)
}

func (a *Actor) growClaim(ctx context.Context, s *Situation, name etcd.MemberName, size resource.Quantity) error {
	claim, err := a.liveClaim(ctx, s, name)
	if err != nil || claim == nil || claim.DeletionTimestamp != nil {
		return err
	}
	if have := claim.Spec.Resources.Requests[corev1.ResourceStorage]; have.Cmp(size) >= 0 {
		return nil
	}
	base := claim.DeepCopy()
	claim.Spec.Resources.Requests[corev1.ResourceStorage] = size
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, claim, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("grow claim %s: %w", claim.Name, err)
	}
	return nil
}
