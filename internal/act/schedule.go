package act

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/resource"
)

// ScheduleSituation is what was observed live of the schedule that is acted on.
type ScheduleSituation struct {
	Schedule *v1alpha1.EtcdBackupSchedule
	// Backups are its own, by name.
	Backups map[string]*v1alpha1.EtcdBackup
	// Tidying is the Job that has looked through the store before; nil when there is
	// none.
	Tidying *batchv1.Job
}

// Schedule makes a backup, deletes or marks one, or has the store looked through. Each is one write that does nothing the
// second time: a backup is named after its slot, and one is deleted only as it was
// observed.
func (a *Actor) Schedule(ctx context.Context, s *ScheduleSituation, d series.Decision) error {
	switch d.Action {
	case series.Make:
		err := a.Client.Create(ctx, resource.ScheduledBackup(s.Schedule, d.Backup), client.FieldOwner(FieldManager))
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create EtcdBackup %s: %w", d.Backup, err)
		}
		return nil
	case series.Delete:
		b := s.Backups[d.Backup]
		if b == nil {
			return fmt.Errorf("%w: EtcdBackup %s was not observed", ErrNotYet, d.Backup)
		}
		err := a.Client.Delete(ctx, b, client.Preconditions{UID: &b.UID, ResourceVersion: &b.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete EtcdBackup %s: %w", d.Backup, err)
		}
		return nil
	case series.Tidy:
		return a.tidy(ctx, s)
	case series.Mark:
		return a.mark(ctx, s, d)
	case series.Record:
		return nil
	default:
		return fmt.Errorf("nobody knows how to %s", d.Action)
	}
}
