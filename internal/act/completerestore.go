package act

import (
	"context"
	"fmt"
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// completeRestore records that the cluster serves, and until when its former volumes
// are kept.
func (a *Actor) completeRestore(ctx context.Context, s *Situation, action plan.CompleteRestore) error {
	r := s.Cluster.Status.Restore
	if r == nil || r.Name != action.Name || r.CompletedAt != nil || s.Cluster.Status.ClusterID == "" {
		return fmt.Errorf("EtcdRestore %s is not under way", action.Name)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	keep := v1alpha1.DefaultKeepOldFor
	if s.Restore != nil && string(s.Restore.UID) == r.UID && s.Restore.Spec.KeepOldFor != nil {
		keep = s.Restore.Spec.KeepOldFor.Duration
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range claims {
		superseded := claims[i].Annotations[v1alpha1.AnnotationSupersededBy] == r.UID
		if !superseded || claims[i].Annotations[v1alpha1.AnnotationKeptUntil] != "" {
			continue
		}
		err := a.annotate(ctx, &claims[i], func(annotations map[string]string) {
			annotations[v1alpha1.AnnotationKeptUntil] = a.Now().Add(keep).UTC().Format(time.RFC3339)
		})
		if err != nil {
			return err
		}
	}
	revision := a.lastRevision(ctx, s)
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Restore.CompletedAt, status.Restore.Revision = a.moment(), revision
	})
}
