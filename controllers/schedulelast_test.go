package controllers

import (
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// What a pass made and could not tell, because it was interrupted, the next one tells.
func TestScheduleTellsWhatWasMade(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]int{"its creation has no reply": 1, "its status is not written": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Immediate = true })
			seen := 0
			fail := func(string, runtime.Object) error {
				if seen++; seen == harm {
					return errors.New("harmed by the test")
				}
				return nil
			}
			if harm == 1 {
				s.after = fail
			} else {
				s.before = fail
			}
			s.insist()
			s.before, s.after = nil, nil
			slot := s.read().CreationTimestamp.UTC().Truncate(60e9)
			first := schedule.Name("often", slot)
			s.want(first)
			if st := s.look().Status; st.LastBackup != first || st.LastScheduleTime == nil || !st.LastScheduleTime.Time.Equal(slot) {
				t.Errorf("the status is %+v, want %s as the last backup", st, first)
			}
			s.quiet()
			// Whoever deletes it does not make the schedule forget that it was made.
			b := &v1alpha1.EtcdBackup{}
			b.Namespace, b.Name = s.c.Namespace, first
			if err := apiServer.Delete(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			if st := s.look().Status; st.LastBackup != first {
				t.Errorf("it forgets the last backup: %+v", st)
			}
			s.want()
		})
	}
}

// One that was deleted and made again while the operator did not watch is another,
// though its generation is the same.
func TestScheduleMadeAgain(t *testing.T) {
	t.Parallel()
	old, now := &v1alpha1.EtcdBackupSchedule{}, &v1alpha1.EtcdBackupSchedule{}
	old.UID, old.Generation, now.UID, now.Generation = "a", 1, "b", 1
	passes := func(old, now client.Object) bool {
		return specChange().Update(event.UpdateEvent{ObjectOld: old, ObjectNew: now})
	}
	if !passes(old, now) {
		t.Error("another of the same name and generation is passed over")
	}
	if passes(old, old) {
		t.Error("a status wakes us")
	}
	now.UID, now.Generation = "a", 2
	if !passes(old, now) {
		t.Error("another spec is passed over")
	}
}
