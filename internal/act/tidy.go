package act

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// maxExpected bounds how many backups a Job is asked for: their places fit into its
// last word.
const maxExpected = 200

// tidy makes the Job that looks through the store, once that of the last time is gone.
func (a *Actor) tidy(ctx context.Context, s *ScheduleSituation) error {
	if old := s.Tidying; old != nil {
		err := a.Client.Delete(ctx, old, client.Preconditions{UID: &old.UID}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete Job %s: %w", old.Name, err)
		}
		return fmt.Errorf("%w: Job %s of the last time goes first", ErrNotYet, old.Name)
	}
	request := resource.TidyRequest{Before: schedule.Before(s.Schedule.Name), Expect: expected(s)}
	return a.createJob(ctx, resource.TidyJob(s.Schedule, request, resource.BackupImages{Backup: a.BackupImage}))
}

// expected are the names of the newest backups that shall be in the store.
func expected(s *ScheduleSituation) []string {
	var those []*v1alpha1.EtcdBackup
	for _, b := range s.Backups {
		complete := meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionComplete)
		if complete && b.DeletionTimestamp == nil && resource.SameStore(b.Spec.Store, s.Schedule.Spec.Template.Store) {
			those = append(those, b)
		}
	}
	slices.SortFunc(those, func(a, b *v1alpha1.EtcdBackup) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	var names []string
	for _, b := range those[:min(len(those), maxExpected)] {
		names = append(names, b.Name)
	}
	return names
}

// mark says on a backup, as it was observed, whether it is in the store.
func (a *Actor) mark(ctx context.Context, s *ScheduleSituation, d series.Decision) error {
	b := s.Backups[d.Backup]
	if b == nil {
		return fmt.Errorf("%w: EtcdBackup %s was not observed", ErrNotYet, d.Backup)
	}
	marked, status := b.DeepCopy(), metav1.ConditionTrue
	if d.Because == series.ReasonMissingInStore {
		status = metav1.ConditionFalse
	}
	meta.SetStatusCondition(&marked.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionAvailable, Status: status, Reason: string(d.Because), Message: d.Why, ObservedGeneration: b.Generation,
	})
	patch := client.MergeFromWithOptions(b, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Status().Patch(ctx, marked, patch, client.FieldOwner(FieldManager)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("mark EtcdBackup %s: %w", d.Backup, err)
	}
	return nil
}
