package act

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// maxTarget is what the API server accepts as an intent's target.
const maxTarget = 317

// errNotInCharge: another operator recorded itself on the object meanwhile.
var errNotInCharge = errors.New("another operator is in charge")

// intend records what is about to be done. The write carries the observed
// resourceVersion, so of two operators with the same view only one goes on.
func (a *Actor) intend(ctx context.Context, s *Situation, action plan.Action) error {
	return a.record(ctx, s, action, func(*v1alpha1.EtcdClusterStatus) {})
}

// record writes an intent together with what it changes in the record itself.
func (a *Actor) record(ctx context.Context, s *Situation, action plan.Action, change func(*v1alpha1.EtcdClusterStatus)) error {
	if s.Cluster.Status.Operator != a.Self {
		return errNotInCharge
	}
	return a.write(ctx, s, action, change)
}

func (a *Actor) write(ctx context.Context, s *Situation, action plan.Action, change func(*v1alpha1.EtcdClusterStatus)) error {
	base := s.Cluster.DeepCopy()
	next := s.Cluster.DeepCopy()
	change(&next.Status)
	next.Status.Intent = &v1alpha1.Intent{Number: 1, Action: plan.Name(action), Target: target(action)}
	if last := base.Status.Intent; last != nil {
		next.Status.Intent.Number = last.Number + 1
	}
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Status().Patch(ctx, next, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("record the intent: %w", err)
	}
	*s.Cluster = *next
	return nil
}

func target(action plan.Action) string {
	text := action.String()
	text = text[min(len(plan.Name(action))+1, len(text)):]
	return text[:min(len(text), maxTarget)]
}

// takeCharge records this operator on the cluster.
func (a *Actor) takeCharge(ctx context.Context, s *Situation) error {
	return a.write(ctx, s, plan.TakeCharge{}, func(status *v1alpha1.EtcdClusterStatus) { status.Operator = a.Self })
}
