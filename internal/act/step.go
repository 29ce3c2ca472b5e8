package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// prepare has a member prepare for another release line.
func (a *Actor) prepare(ctx context.Context, s *Situation, action plan.Prepare) error {
	return a.tellStep(ctx, s, action, action.Name, action.To)
}

// endStep has a member end that.
func (a *Actor) endStep(ctx context.Context, s *Situation, action plan.EndStep) error {
	return a.tellStep(ctx, s, action, action.Name, "")
}

func (a *Actor) tellStep(ctx context.Context, s *Situation, action plan.Action, name etcd.MemberName, to string) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	report, err := a.report(ctx, s, name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	if report.Etcd == nil {
		return fmt.Errorf("%w: %s does not run etcd", ErrNotYet, name)
	}
	request := control.PrepareRequest{ClusterID: report.Etcd.ClusterID, MemberID: report.Etcd.MemberID, To: to}
	if _, err := a.Agents.Client(s.Agents[name]).Prepare(ctx, request); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// downgrade tells etcd that the cluster goes back to a release line. etcd itself
// looks whether it can.
func (a *Actor) downgrade(ctx context.Context, s *Situation, action plan.Downgrade) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if _, err := a.list(ctx, s); err != nil {
		return err
	}
	return changed(s.Etcd.Downgrade(ctx, action.To))
}

// cancelDowngrade tells etcd that it does not.
func (a *Actor) cancelDowngrade(ctx context.Context, s *Situation, action plan.CancelDowngrade) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if _, err := a.list(ctx, s); err != nil {
		return err
	}
	return changed(s.Etcd.CancelDowngrade(ctx))
}
