package act

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// survive tells one member to become a cluster of its own. Who it is is recorded
// before it hears of it: from then on the restore is not taken back. The agent
// refuses when it is not halted under this grant, or its log ends elsewhere.
func (a *Actor) survive(ctx context.Context, s *Situation, action plan.Survive) error {
	if err := a.recovering(ctx, s, action.Grant); err != nil {
		return err
	}
	report, err := a.report(ctx, s, action.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotYet, err) // it answered a moment ago
	}
	v := report.Volume
	switch {
	case report.Member != action.Name || v.Admission == nil || v.Admission.MemberID != action.ID || v.Admission.ClusterID.String() != s.Cluster.Status.ClusterID:
		return fmt.Errorf("%s is not member %s any more", action.Name, action.ID)
	case report.State != control.StateHalted || v.Halted != action.Grant || report.Log == nil || *report.Log != action.Log:
		return fmt.Errorf("%s is not halted where it was seen", action.Name)
	}
	if err := a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Restore.Survivor = action.ID.String() }); err != nil {
		return err
	}
	_, err = a.Agents.Client(s.Agents[action.Name]).Survive(ctx, control.SurviveRequest{
		VolumeID: v.ID, ClusterID: v.Admission.ClusterID, MemberID: action.ID, Grant: action.Grant, Log: action.Log,
	})
	return heard(err)
}

// forgetRestore forgets a restore from a survivor.
func (a *Actor) forgetRestore(ctx context.Context, s *Situation, action plan.ForgetRestore) error {
	r := s.Cluster.Status.Restore
	if r == nil || r.Name != action.Name || r.Source != v1alpha1.RestoreFromSurvivor || r.CompletedAt != nil {
		return errors.New("there is no restore from a survivor to forget")
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Restore = nil })
}

// askForSurvivor makes the EtcdRestore of spec.quorumLoss. Its name tells the one loss
// of quorum from the next: made again it is the same.
func (a *Actor) askForSurvivor(ctx context.Context, s *Situation, action plan.AskForSurvivor) error {
	if s.Cluster.Spec.QuorumLoss != v1alpha1.QuorumLossSurvivor {
		return errors.New("spec.quorumLoss is not Survivor")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	err := a.Client.Create(ctx, resource.SurvivorRestore(s.Cluster), client.FieldOwner(FieldManager))
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create EtcdRestore: %w", err)
	}
	return nil
}
