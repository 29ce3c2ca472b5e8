package act

import (
	"context"
	"errors"
	"fmt"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
)

// drain tells a member to send its clients elsewhere, for the withdrawal that
// its pod bears: one that is back in the client Service keeps them.
func (a *Actor) drain(ctx context.Context, s *Situation, action plan.Drain) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil {
		return err
	}
	agent, reachable := s.Agents[action.Name]
	if pod == nil || !reachable || pod.Labels[v1alpha1.LabelServing] != "false" {
		return fmt.Errorf("%s is not withdrawn from the client Service", action.Name)
	}
	report, err := a.report(ctx, s, action.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	if report.Etcd == nil {
		return fmt.Errorf("%w: %s does not run etcd", ErrNotYet, action.Name)
	}
	request := control.DrainRequest{
		ClusterID: report.Etcd.ClusterID, MemberID: report.Etcd.MemberID,
		Withdrawal: pod.Annotations[v1alpha1.AnnotationWithdrawn],
	}
	_, err = a.Agents.Client(agent).Drain(ctx, request)
	if refusal := (*control.Refusal)(nil); err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrNotYet, action.Name, err) // it may have heard
}
