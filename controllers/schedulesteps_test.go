package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// What is decided on a cache that is behind is not done: here a person has just
// deleted the newest backup, and retention would delete the last one.
func TestScheduleConfirms(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	names := []string{s.run(true), s.run(true)}
	past := &v1alpha1.EtcdBackupList{}
	if err := apiServer.List(t.Context(), past, client.InNamespace(s.c.Namespace)); err != nil {
		t.Fatal(err)
	}
	newest := past.Items[slices.IndexFunc(past.Items, func(b v1alpha1.EtcdBackup) bool { return b.Name == names[1] })]
	if err := apiServer.Delete(t.Context(), &newest); err != nil {
		t.Fatal(err)
	}
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Retention = &v1alpha1.BackupRetention{KeepLast: 1} })
	s.Observer.Cached = behind{apiServer, past}
	for range 3 {
		if _, err := s.pass(); err != nil {
			t.Fatal(err)
		}
	}
	s.want(names[0])
	// Neither is one made that the cache does not show yet.
	s.Observer.Cached = apiServer
	name := schedule.Name("often", s.turn())
	s.Observer.Cached = behind{apiServer, past}
	for range 3 {
		if _, err := s.pass(); err != nil {
			t.Fatal(err)
		}
	}
	s.want(names[0], name)
	s.quiet()
}

// behind is a cache that shows the backups of the past.
type behind struct {
	client.Client
	past *v1alpha1.EtcdBackupList
}

func (b behind) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if into, ok := list.(*v1alpha1.EtcdBackupList); ok {
		b.past.DeepCopyInto(into)
		return nil
	}
	return b.Client.List(ctx, list, opts...)
}

// Each write in turn is not sent, or sent with its reply lost: in the end there is
// what there would be, and nothing was made twice.
func TestScheduleInterrupted(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) {
		s.Spec.Retention = &v1alpha1.BackupRetention{KeepLast: 2}
	})
	s.look()
	harmed := 0
	var kept []string
	for n := range 6 {
		harm, seen := n/2+1, 0 // the backup, the status; from the third on: the deletion comes first
		fail := func(string, runtime.Object) error {
			if seen++; seen == harm {
				harmed++
				return errors.New("harmed by the test")
			}
			return nil
		}
		if n%2 == 0 {
			s.before = fail
		} else {
			s.after = fail
		}
		name := schedule.Name("often", s.turn())
		s.insist()
		s.ends(name, true)
		s.insist()
		s.before, s.after = nil, nil
		s.look()
		kept = append(kept, name)
		kept = kept[max(0, len(kept)-2):]
		s.want(kept...)
		s.quiet()
	}
	if harmed != 6 {
		t.Errorf("%d writes were harmed", harmed)
	}
}

// insist looks again after errors.
func (s *schedules) insist() {
	s.t.Helper()
	for range 6 {
		if _, err := s.pass(); err != nil && !strings.Contains(err.Error(), "harmed by the test") {
			s.t.Fatal(err)
		}
	}
}

// A step that was taken already does nothing, and a backup that has changed since it
// was observed is not deleted.
func TestScheduleActs(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	makes := series.Decision{Action: series.Make, Backup: "often-202611280300"}
	situation := &act.ScheduleSituation{Schedule: s.read()}
	for range 2 {
		if err := s.Actor.Schedule(t.Context(), situation, makes); err != nil {
			t.Fatal(err)
		}
	}
	s.want(makes.Backup)
	deletes := series.Decision{Action: series.Delete, Backup: makes.Backup}
	if err := s.Actor.Schedule(t.Context(), situation, deletes); !errors.Is(err, act.ErrNotYet) {
		t.Errorf("one that nobody observed: %v", err)
	}
	seen := &v1alpha1.EtcdBackup{}
	get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: makes.Backup}, seen)
	situation.Backups = map[string]*v1alpha1.EtcdBackup{seen.Name: seen.DeepCopy()}
	s.ends(makes.Backup, true)
	if err := s.Actor.Schedule(t.Context(), situation, deletes); !apierrors.IsConflict(err) {
		t.Errorf("one that has become complete meanwhile: %v", err)
	}
	s.want(makes.Backup)
	get(t, client.ObjectKeyFromObject(seen), situation.Backups[seen.Name])
	for range 2 {
		if err := s.Actor.Schedule(t.Context(), situation, deletes); err != nil {
			t.Fatal(err)
		}
	}
	s.want()
}
