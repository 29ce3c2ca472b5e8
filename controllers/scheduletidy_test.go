package controllers

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// A week after the last time, and not beside a backup, a Job looks through the store;
// what it tells is recorded with one write, and a backup that it misses no longer
// counts, until it is there again.
func TestScheduleTidies(t *testing.T) {
	t.Parallel()
	slot := strconv.Itoa(int(time.Now().AddDate(0, 6, 0).Month())) // far away
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) {
		s.Spec.Schedule, s.Spec.Retention = "0 0 1 "+slot+" *", &v1alpha1.BackupRetention{KeepLast: 2}
	})
	older, newer := s.has("older", time.Hour), s.has("newer", time.Minute)
	running := s.has("running", 0)
	s.now = time.Now().Add(8 * 24 * time.Hour)
	s.look()
	s.wantNoTidy()
	s.now = time.Now().Add(-2 * time.Hour)
	s.ends(running, false)
	job := s.tidies()
	if names := resource.TidyExpected(job); strings.Join(names, " ") != newer+" "+older && strings.Join(names, " ") != older+" "+newer {
		t.Errorf("it asks for %v, want %s and %s", names, newer, older)
	}
	s.quiet()

	s.tells(snapshot.Result{Command: "list", Cleaned: 2})
	before := s.writes.Load()
	read := s.says(v1alpha1.ConditionTidy, metav1.ConditionTrue, "Tidied", "2 objects and uploads")
	if n := s.writes.Load() - before; n != 1 {
		t.Errorf("a look that finds nothing amiss costs %d writes", n)
	}
	if at := read.Status.LastTidied; at == nil || !at.Time.Equal(job.CreationTimestamp.Time) {
		t.Errorf("it was last tidied at %v, want %v", at, job.CreationTimestamp)
	}
	s.quiet()

	// The next Job misses the newer one.
	job = s.again(job)
	place := 0
	if resource.TidyExpected(job)[0] != newer {
		place = 1
	}
	s.tells(snapshot.Result{Command: "list", Missing: []int{place}})
	s.says(v1alpha1.ConditionTidy, metav1.ConditionFalse, "MissingInStore", newer)
	wantCondition(t, s.read().Status.Conditions, v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonBackupMissing, newer)

	b := s.backupNow(newer)
	wantCondition(t, b.Status.Conditions, v1alpha1.ConditionAvailable, metav1.ConditionFalse, "MissingInStore", "Bring it back there")
	wantCondition(t, b.Status.Conditions, v1alpha1.ConditionComplete, metav1.ConditionTrue, "Complete", "")
	s.quiet()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Retention.KeepLast = 1 })
	s.look()
	s.want(newer, older, running)

	// It comes back, and takes its place.
	job = s.again(job)
	s.tells(snapshot.Result{Command: "list"})
	s.says(v1alpha1.ConditionTidy, metav1.ConditionTrue, "Tidied", "")
	wantCondition(t, s.backupNow(newer).Status.Conditions, v1alpha1.ConditionAvailable, metav1.ConditionTrue, "InStore", "again")
	s.want(newer, running)

	job = s.again(job)
	s.tells(snapshot.Result{Command: "list", Reason: snapshot.Unreachable, Message: "nothing answers there"})
	s.says(v1alpha1.ConditionTidy, metav1.ConditionFalse, "TidyFailed", "nothing answers there")
	s.quiet()

	// Where the Job of the last time is still there, it goes first.
	situation := &act.ScheduleSituation{Schedule: s.read(), Tidying: job}
	if err := s.Actor.Schedule(t.Context(), situation, series.Decision{Action: series.Tidy}); !errors.Is(err, act.ErrNotYet) {
		t.Errorf("beside the Job of the last time: %v", err)
	}
	s.wantNoTidy()
}

func (s *schedules) backupNow(name string) *v1alpha1.EtcdBackup {
	s.t.Helper()
	b := &v1alpha1.EtcdBackup{}
	get(s.t, client.ObjectKey{Namespace: s.c.Namespace, Name: name}, b)
	return b
}

func (s *schedules) tidyKey() client.ObjectKey {
	return client.ObjectKey{Namespace: s.c.Namespace, Name: resource.TidyJobName(s.s.Name)}
}

func (s *schedules) wantNoTidy() {
	s.t.Helper()
	if err := apiServer.Get(s.t.Context(), s.tidyKey(), &batchv1.Job{}); !apierrors.IsNotFound(err) {
		s.t.Fatalf("there is a Job already: %v", err)
	}
}

// has is a backup of the schedule that was begun a while ago, and is complete.
func (s *schedules) has(name string, ago time.Duration) string {
	s.t.Helper()
	b := resource.ScheduledBackup(s.s, name)
	create(s.t, b)
	if ago > 0 {
		s.now = time.Now().Add(-ago)
		s.ends(name, true)
	}
	return name
}

// tidies lets the controller begin to look through the store, in more than a week. A
// Job's own time is the API server's: so that is the time afterwards.
func (s *schedules) tidies() *batchv1.Job {
	s.t.Helper()
	s.now = time.Now().Add(8 * 24 * time.Hour)
	s.look()
	s.now = time.Now()
	job := &batchv1.Job{}
	get(s.t, s.tidyKey(), job)
	return job
}

// again does so once the Job of the last time is gone, which was a while ago.
func (s *schedules) again(last *batchv1.Job) *batchv1.Job {
	s.t.Helper()
	if err := apiServer.Delete(s.t.Context(), last, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		s.t.Fatal(err)
	}
	read := s.read()
	before := metav1.NewTime(read.Status.LastTidied.Add(-time.Hour))
	read.Status.LastTidied = &before
	if err := apiServer.Status().Update(s.t.Context(), read); err != nil {
		s.t.Fatal(err)
	}
	return s.tidies()
}

// tells has the Job end with a last word.
func (s *schedules) tells(r snapshot.Result) {
	s.t.Helper()
	endJob(s.t, s.tidyKey(), r.Reason == "", r)
}
