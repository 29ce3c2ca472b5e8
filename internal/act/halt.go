package act

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// bringBack performs the actions by which one member survives the others.
func (a *Actor) bringBack(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.AskForSurvivor:
		return a.askForSurvivor(ctx, s, action)
	case plan.Halt:
		return a.halt(ctx, s, action)
	case plan.GiveUp:
		return a.giveUp(ctx, s, action)
	case plan.Survive:
		return a.survive(ctx, s, action)
	case plan.ForgetRestore:
		return a.forgetRestore(ctx, s, action)
	default:
		return fmt.Errorf("unknown action %T", action)
	}
}

// halt stops etcd on members of a cluster without a quorum, or lets it start again.
// The agent refuses where it knows a leader itself.
func (a *Actor) halt(ctx context.Context, s *Situation, action plan.Halt) error {
	if action.Grant != "" {
		if err := a.recovering(ctx, s, action.Grant); err != nil {
			return err
		}
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	err := a.each(ctx, s, action.Members, func(ctx context.Context, c *dial.Client, name etcd.MemberName) error {
		report, err := c.Report(ctx)
		if err != nil {
			return err
		}
		admitted := report.Volume.Admission
		if report.Member != name || admitted == nil || admitted.ClusterID.String() != s.Cluster.Status.ClusterID {
			return fmt.Errorf("the volume holds no member of the cluster")
		}
		_, err = c.Halt(ctx, control.HaltRequest{
			VolumeID: report.Volume.ID, ClusterID: admitted.ClusterID, MemberID: admitted.MemberID, Grant: action.Grant,
		})
		return err
	})
	return heard(err)
}

// heard marks what an agent has not refused: it may have heard, and then goes on by
// itself.
func heard(err error) error {
	if refusal := (*control.Refusal)(nil); err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotYet, err)
}

// recovering fails unless the restore from a survivor is recorded and not complete,
// and no quorum answers at this moment.
func (a *Actor) recovering(ctx context.Context, s *Situation, grant string) error {
	r := s.Cluster.Status.Restore
	if r == nil || r.Source != v1alpha1.RestoreFromSurvivor || r.CompletedAt != nil || r.UID != grant {
		return errors.New("no such restore from a survivor is recorded")
	}
	if s.Etcd == nil {
		return nil
	}
	if list, err := s.Etcd.MemberList(ctx); err == nil {
		return fmt.Errorf("%w: a quorum of cluster %s answers", ErrNotYet, list.ClusterID)
	}
	return nil
}

// giveUp deletes the claim and the pod of a member that counts as lost. There is no
// member list to ask: a member that answers, and holds data, stays. The pod ends in
// its own time: by force it would be gone from Kubernetes alone.
func (a *Actor) giveUp(ctx context.Context, s *Situation, action plan.GiveUp) error {
	if r := s.Cluster.Status.Restore; r == nil {
		return errors.New("no restore from a survivor is recorded")
	} else if err := a.recovering(ctx, s, r.UID); err != nil {
		return err
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	claim, err := a.liveClaim(ctx, s, action.Name)
	if err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil {
		return err
	}
	if err := a.holdsNothing(ctx, s, action.Name, claim); err != nil {
		return err
	}
	return a.vacate(ctx, claim, pod)
}

// holdsNothing fails when a member answers and holds data, or when the claim is of
// another cluster.
func (a *Actor) holdsNothing(ctx context.Context, s *Situation, name etcd.MemberName, claim *corev1.PersistentVolumeClaim) error {
	if claim != nil {
		if formed := claim.Annotations[v1alpha1.AnnotationFormed]; formed != "" && formed != s.Cluster.Status.ClusterID {
			return fmt.Errorf("claim %s belongs to cluster %s", claim.Name, formed)
		}
	}
	if _, reachable := s.Agents[name]; !reachable {
		return nil
	}
	report, err := a.report(ctx, s, name)
	if err == nil && report.Member == name && report.Volume.Contents == control.ContentsData && report.State != control.StateRefused {
		return fmt.Errorf("%s answers and holds data", name)
	}
	return nil
}
