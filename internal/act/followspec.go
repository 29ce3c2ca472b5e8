package act

import (
	"context"
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// followSpec makes the StatefulSet's template what the spec asks for, upon the
// very one that was read, with as many pods as that runs.
func (a *Actor) followSpec(ctx context.Context, s *Situation, action plan.FollowSpec) error {
	if s.Next == nil {
		return fmt.Errorf("nothing has changed")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	live, err := a.liveSet(ctx, s)
	if err != nil {
		return err
	}
	return a.applyUpon(ctx, live, resource.WithReplicas(s.Next, ptr.Deref(live.Spec.Replicas, 1)))
}
