package controllers

import (
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// Backups are made at their times, one at a time, as the template says; between them
// nothing is written.
func TestScheduleRuns(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	read := s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "Scheduled", "The next backup begins at")
	wantCondition(t, read.Status.Conditions, v1alpha1.ConditionHealthy, metav1.ConditionUnknown, v1alpha1.ReasonNoBackup, "")
	s.want()
	s.quiet()
	s.now = s.now.Truncate(time.Hour).Add(time.Hour - time.Second)
	s.quiet()
	if result, _ := s.pass(); result.RequeueAfter != time.Second {
		t.Errorf("a second before its time it looks again after %s", result.RequeueAfter)
	}

	slot := s.turn()
	first := schedule.Name("often", slot)
	before := s.writes.Load()
	read = s.look()
	if n := s.writes.Load() - before; n != 2 {
		t.Errorf("a run cost %d writes, want the backup and the status", n)
	}
	s.want(first)
	if st := read.Status; st.LastBackup != first || !st.LastScheduleTime.Time.Equal(slot) || !slices.Equal(st.Active, []string{first}) ||
		!st.NextScheduleTime.Time.Equal(slot.Add(time.Hour)) || st.Operator != s.Observer.Self {
		t.Errorf("the status is %+v", st)
	}
	b := &v1alpha1.EtcdBackup{}
	get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: first}, b)
	if b.Labels[v1alpha1.LabelSchedule] != "often" || len(b.OwnerReferences) != 0 || b.Spec.ClusterName != s.c.Name ||
		b.Spec.Store != s.s.Spec.Template.Store || b.Spec.Verification != v1alpha1.VerificationRestore || b.Spec.DeletionPolicy != v1alpha1.DeletionDelete {
		t.Errorf("it made %+v", b)
	}

	// The next one waits for it, and is made when it has ended.
	second := schedule.Name("often", s.turn())
	s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "StillRunning", first)
	s.want(first)
	s.quiet()
	s.ends(first, true)
	read = s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "Scheduled", "")
	s.want(first, second)
	if read.Status.LastSuccessfulTime == nil {
		t.Error("the success of the first is not told")
	}
	wantCondition(t, read.Status.Conditions, v1alpha1.ConditionHealthy, metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, first)
	s.ends(second, false)
	s.says(v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed, "The store is full")
	s.quiet()
}

// What was missed while nobody looked is made once, and a person who deletes a backup
// does not get it back.
func TestScheduleMissed(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	s.look()
	for range 5 {
		s.turn()
	}
	name := schedule.Name("often", s.now)
	s.now = s.now.Add(10 * time.Minute)
	s.look()
	s.want(name)
	b := &v1alpha1.EtcdBackup{}
	b.Namespace, b.Name = s.c.Namespace, name
	if err := apiServer.Delete(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.look()
	s.want()
}

// The first one is made at once, but not before there is a cluster to back up.
func TestScheduleImmediate(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Immediate = true })
	read := s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "Scheduled", "")
	first := schedule.Name("often", read.CreationTimestamp.Time)
	s.want(first)
	s.ends(first, true)
	s.look()
	s.want(first)

	unformed := newCluster(t, nil)
	o := newOperator("system/a")
	unformed = o.settle(t, unformed)
	other := &schedules{formed: &formed{t: t, operator: o, c: unformed}, s: scheduleOf(unformed), now: time.Now(), controller: controllerOf(o)}
	other.s.Spec.Immediate = true
	create(t, other.s)
	other.says(v1alpha1.ConditionScheduled, metav1.ConditionFalse, "ClusterNotReady", "is not formed yet")
	other.want()
	other.quiet()
}

// While it is suspended nothing is made; resumed it makes up for nothing.
func TestScheduleSuspended(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Suspend = true })
	s.turn()
	read := s.says(v1alpha1.ConditionScheduled, metav1.ConditionFalse, "Suspended", "Set it to false")
	if read.Status.NextScheduleTime != nil {
		t.Errorf("it names a next one: %s", read.Status.NextScheduleTime)
	}
	s.turn()
	s.now = s.now.Add(time.Minute)
	s.look()
	s.quiet()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Suspend = false })
	s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "Scheduled", "")
	s.want()
	name := schedule.Name("often", s.turn())
	s.look()
	s.want(name)
}

// Retention deletes what no rule keeps, one in each pass, and never the last proven
// one; what does not bear the label is none of its business.
func TestScheduleRetention(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	var names []string
	for range 4 {
		names = append(names, s.run(true))
	}
	byHand := &v1alpha1.EtcdBackup{}
	byHand.Namespace, byHand.Name = s.c.Namespace, "by-hand"
	byHand.Spec.ClusterName, byHand.Spec.Store = s.c.Name, s.s.Spec.Template.Store
	create(t, byHand)
	s.want(append([]string{"by-hand"}, names...)...)
	s.change(func(s *v1alpha1.EtcdBackupSchedule) {
		s.Spec.Retention = &v1alpha1.BackupRetention{KeepLast: 2, KeepFailed: 1}
	})
	if _, err := s.pass(); err != nil {
		t.Fatal(err)
	}
	s.want(append([]string{"by-hand"}, names[1:]...)...)
	read := s.look()
	s.want(append([]string{"by-hand"}, names[2:]...)...)
	s.quiet()
	if read.Status.LastSuccessfulTime == nil || read.Status.LastBackup != names[3] {
		t.Errorf("what was deleted is forgotten: %+v", read.Status)
	}
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Retention.KeepLast = 1 })
	s.look()
	proven := names[3]
	var failed string
	for range 3 {
		failed = s.run(false)
	}
	s.want("by-hand", proven, failed)
}

// What cannot be used says so with the field and the mend, and holds from when it is
// mended.
func TestScheduleMalformed(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.TimeZone = "Europe/Berlinn" })
	s.says(v1alpha1.ConditionScheduled, metav1.ConditionFalse, "BadSchedule", `spec.timeZone "Europe/Berlinn": there is no such time zone`)
	s.turn()
	s.quiet()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.TimeZone, s.Spec.Schedule = "", "0 0 31 2 *" })
	s.says(v1alpha1.ConditionScheduled, metav1.ConditionFalse, "BadSchedule", `spec.schedule "0 0 31 2 *": it never comes true`)
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Schedule = "0 * * * *" })
	s.now = s.now.Add(time.Minute)
	s.says(v1alpha1.ConditionScheduled, metav1.ConditionTrue, "Scheduled", "")
	s.want()
}

// A schedule that is deleted leaves its backups, and one whose cluster is gone makes
// and deletes none.
func TestScheduleGone(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	names := []string{s.run(true), s.run(true)}
	if err := apiServer.Delete(t.Context(), fresh(t, s.c)); err != nil {
		t.Fatal(err)
	}
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Retention = &v1alpha1.BackupRetention{KeepLast: 1} })
	s.turn()
	read := s.says(v1alpha1.ConditionScheduled, metav1.ConditionFalse, "ClusterNotFound", `no EtcdCluster "demo"`)
	s.want(names...)
	s.quiet()
	if err := apiServer.Delete(t.Context(), read); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pass(); err != nil {
		t.Fatal(err)
	}
	if err := apiServer.Get(t.Context(), client.ObjectKeyFromObject(read), read); !apierrors.IsNotFound(err) {
		t.Errorf("the schedule is still there: %v", err)
	}
	s.want(names...)
}

// Another operator's schedule is left alone.
func TestScheduleOfAnotherOperator(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Immediate = true })
	other := newOperator("system/b")
	if _, err := controllerOf(other).Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.s)}); err != nil {
		t.Fatal(err)
	}
	if n := other.writes.Load(); n != 0 {
		t.Errorf("the other operator wrote %d times", n)
	}
	s.want()
}
