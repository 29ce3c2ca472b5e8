package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
)

// compact drops history, of the cluster that is recorded.
func (a *Actor) compact(ctx context.Context, s *Situation, action plan.Compact) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if _, err := a.list(ctx, s); err != nil {
		return err
	}
	return changed(s.Etcd.Compact(ctx, action.Revision))
}

// defragment has a member copy its database: the very one that was seen, as a
// voter that does not lead any more, unless it is the only one.
func (a *Actor) defragment(ctx context.Context, s *Situation, action plan.Defragment) error {
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
	report, err := a.report(ctx, s, action.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	switch {
	case report.Etcd == nil || report.Etcd.MemberID != action.ID:
		return fmt.Errorf("%w: %s does not run as %s", ErrNotYet, action.Name, action.ID)
	case report.Etcd.Leader == action.ID && len(members.Voters()) > 1:
		return fmt.Errorf("%w: %s leads", ErrNotYet, action.Name)
	}
	request := control.DefragmentRequest{ClusterID: report.Etcd.ClusterID, MemberID: action.ID}
	if last := report.Etcd.Defragmented; last != nil {
		request.After = last.Number
	}
	if _, err := a.Agents.Client(s.Agents[action.Name]).Defragment(ctx, request); err != nil {
		return fmt.Errorf("%s: %w", action.Name, err)
	}
	return nil
}

// disarmNoSpace ends NOSPACE alarms. Where a database is full after all, the next
// write raises it again.
func (a *Actor) disarmNoSpace(ctx context.Context, s *Situation, action plan.DisarmNoSpace) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if _, err := a.list(ctx, s); err != nil {
		return err
	}
	for _, id := range action.IDs {
		if err := s.Etcd.DisarmNoSpace(ctx, id); err != nil {
			return changed(err)
		}
	}
	return nil
}
