package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// removeMember takes a member off the list, for ever. Never the last voter, and
// not the leader: an election costs clients more than a second, so leadership
// moves first.
func (a *Actor) removeMember(ctx context.Context, s *Situation, action plan.RemoveMember) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	m, err := listed(s, members, action.Name, action.ID)
	if err != nil {
		return err
	}
	if !m.IsLearner {
		if len(members.Voters()) == 1 {
			return fmt.Errorf("%s is the last voter", action.ID)
		}
		if a.leads(ctx, s, action.Name, action.ID) {
			return fmt.Errorf("%w: %s leads again, and leadership moves first", ErrNotYet, action.Name)
		}
	}
	return changed(s.Etcd.Remove(ctx, action.ID))
}

// leads asks a member whether it leads. One that does not answer does not tell.
func (a *Actor) leads(ctx context.Context, s *Situation, name etcd.MemberName, id etcd.MemberID) bool {
	if _, reachable := s.Agents[name]; !reachable {
		return false
	}
	report, err := a.report(ctx, s, name)
	return err == nil && report.Etcd != nil && report.Etcd.MemberID == id && report.Etcd.Leader == id
}
