package act

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/quorate/quorate/internal/control"
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
	if err := s.Etcd.Remove(ctx, action.ID); err != nil {
		return changed(err)
	}
	a.dismiss(ctx, s, action)
	return nil
}

// dismissal bounds what a member that is gone may hold up.
const dismissal = 500 * time.Millisecond

// dismiss tells a member that it was removed, so that its clients go elsewhere
// at once. One that does not hear it finds out by itself.
func (a *Actor) dismiss(ctx context.Context, s *Situation, action plan.RemoveMember) {
	agent, reachable := s.Agents[action.Name]
	if !reachable {
		return
	}
	request := control.LeaveRequest{MemberID: action.ID}
	if err := request.ClusterID.UnmarshalText([]byte(s.Cluster.Status.ClusterID)); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dismissal)
	defer cancel()
	if _, err := a.Agents.Client(agent).Leave(ctx, request); err != nil {
		log.FromContext(ctx).V(1).Info("a removed member was not told", "member", action.Name, "cause", err.Error())
	}
}

// leads asks a member whether it leads. One that does not answer does not tell.
func (a *Actor) leads(ctx context.Context, s *Situation, name etcd.MemberName, id etcd.MemberID) bool {
	if _, reachable := s.Agents[name]; !reachable {
		return false
	}
	report, err := a.report(ctx, s, name)
	return err == nil && report.Etcd != nil && report.Etcd.MemberID == id && report.Etcd.Leader == id
}
