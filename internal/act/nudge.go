package act

import (
	"context"

	"github.com/quorate/quorate/internal/plan"
)

// nudge has the cluster that is recorded commit an entry that changes nothing.
func (a *Actor) nudge(ctx context.Context, s *Situation, action plan.Nudge) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if _, err := a.list(ctx, s); err != nil {
		return err
	}
	return changed(s.Etcd.Nudge(ctx))
}
