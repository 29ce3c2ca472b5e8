package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/plan"
)

// moveLeader hands leadership to another voter that runs.
func (a *Actor) moveLeader(ctx context.Context, s *Situation, action plan.MoveLeader) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	if _, err := listed(s, members, action.From, action.FromID); err != nil {
		return err
	}
	to, err := listed(s, members, action.To, action.ToID)
	if err != nil {
		return err
	}
	if to.IsLearner || !to.Started() {
		return fmt.Errorf("%s is no voter that has started", action.To)
	}
	return changed(s.Etcd.MoveLeader(ctx, action.FromID, action.ToID))
}
