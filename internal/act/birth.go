package act

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// grant records a fresh token for volumes that, asked once more, are empty.
func (a *Actor) grant(ctx context.Context, s *Situation, action plan.Grant) error {
	if err := a.neverFormed(ctx, s.Cluster); err != nil {
		return err
	}
	for _, m := range action.Members {
		report, err := a.report(ctx, s, m.Name)
		if err != nil {
			return err
		}
		if v := report.Volume; v.ID != m.VolumeID || v.Contents != control.ContentsEmpty || v.Admission != nil {
			return fmt.Errorf("the volume of %s is not the empty one that was seen", m.Name)
		}
		if r := action.Restore; r != nil && (report.Snapshot == nil || report.Snapshot.State != control.SnapshotStaged || report.Snapshot.SHA256 != r.SHA256) {
			return fmt.Errorf("the snapshot does not lie on the volume of %s any more", m.Name)
		}
	}
	return a.recordBirth(ctx, s, action, birthOf(uuid.NewString(), action.Members, action.Restore))
}

// resume records a birth that all its volumes remember.
func (a *Actor) resume(ctx context.Context, s *Situation, action plan.Resume) error {
	var restore *control.Restore
	for _, m := range action.Members {
		report, err := a.report(ctx, s, m.Name)
		if err != nil {
			return err
		}
		v := report.Volume
		if v.ID != m.VolumeID || v.Admission == nil || v.Admission.Token != action.Token {
			return fmt.Errorf("the volume of %s does not remember the birth any more", m.Name)
		}
		if v.Admission.Restored != nil {
			restore = &v.Admission.Restored.Restore
		}
	}
	return a.recordBirth(ctx, s, action, birthOf(action.Token, action.Members, restore))
}

// recordDiscard records that a birth has failed.
func (a *Actor) recordDiscard(ctx context.Context, s *Situation, action plan.RecordDiscard) error {
	if err := a.neverFormed(ctx, s.Cluster); err != nil {
		return err
	}
	birth := birthOf(action.Token, action.Members, nil)
	birth.Discarding = true
	return a.recordBirth(ctx, s, action, birth)
}

func (a *Actor) recordBirth(ctx context.Context, s *Situation, action plan.Action, birth *v1alpha1.Birth) error {
	if s.Cluster.Status.ClusterID != "" {
		return errors.New("the cluster is formed")
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Birth = birth })
}

func birthOf(token string, members []plan.BirthMember, restore *control.Restore) *v1alpha1.Birth {
	birth := &v1alpha1.Birth{Token: token}
	for _, m := range members {
		birth.Members = append(birth.Members, v1alpha1.BirthMember{Name: string(m.Name), VolumeID: m.VolumeID})
	}
	if restore != nil {
		birth.Restore = &v1alpha1.BirthRestore{SHA256: restore.SHA256, BumpRevisions: restore.BumpRevisions}
	}
	return birth
}

// forgetBirth clears the record of a failed birth.
func (a *Actor) forgetBirth(ctx context.Context, s *Situation) error {
	if b := s.Cluster.Status.Birth; b == nil || !b.Discarding {
		return errors.New("no failed birth is recorded")
	}
	return a.record(ctx, s, plan.ForgetBirth{}, func(status *v1alpha1.EtcdClusterStatus) { status.Birth = nil })
}

// report asks one agent again.
func (a *Actor) report(ctx context.Context, s *Situation, name etcd.MemberName) (*control.Report, error) {
	agent, ok := s.Agents[name]
	if !ok {
		return nil, fmt.Errorf("%s has no address", name)
	}
	report, err := a.Agents.Report(ctx, agent)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", name, err)
	}
	return report, nil
}
