package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/plan"
)

// disarm ends the CORRUPT alarm of a member that is not on the list any more.
func (a *Actor) disarm(ctx context.Context, s *Situation, action plan.Disarm) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	if _, ok := members.ByID(action.ID); ok {
		return fmt.Errorf("the member list still shows %s", action.ID)
	}
	return changed(s.Etcd.Disarm(ctx, action.ID))
}
