package act

import (
	"context"

	"github.com/quorate/quorate/internal/plan"
)

// promote makes a learner a voter. Whether it has caught up is for the leader
// to say.
func (a *Actor) promote(ctx context.Context, s *Situation, action plan.Promote) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	m, err := listed(s, members, action.Name, action.ID)
	if err != nil || !m.IsLearner {
		return err // a voter already: there is nothing to do
	}
	return changed(s.Etcd.Promote(ctx, action.ID))
}
