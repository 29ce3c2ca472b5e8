package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// schedules is a formed cluster, a schedule of it, the controller that makes its
// backups, and the clock that this reads. What becomes of a backup the test tells.
type schedules struct {
	*formed
	controller *EtcdBackupScheduleReconciler
	s          *v1alpha1.EtcdBackupSchedule
	now        time.Time
}

func newSchedules(t *testing.T, change func(*v1alpha1.EtcdBackupSchedule)) *schedules {
	t.Helper()
	f := newFormed(t, 1, nil)
	s := &schedules{formed: f, s: scheduleOf(f.c), now: time.Now()}
	if change != nil {
		change(s.s)
	}
	create(t, s.s)
	s.Observer.Now = func() time.Time { return s.now }
	s.controller = controllerOf(f.operator)
	return s
}

func controllerOf(o *operator) *EtcdBackupScheduleReconciler {
	return &EtcdBackupScheduleReconciler{Client: o.Client, Observer: o.Observer, Actor: o.Actor, Recorder: o.Recorder}
}

func scheduleOf(c *v1alpha1.EtcdCluster) *v1alpha1.EtcdBackupSchedule {
	s := &v1alpha1.EtcdBackupSchedule{}
	s.Namespace, s.Name = c.Namespace, "often"
	s.Spec.ClusterName, s.Spec.Schedule = c.Name, "0 * * * *"
	s.Spec.Template.Store = v1alpha1.BackupStore{URL: "s3://bucket/prefix", SecretName: "s3"}
	s.Spec.Template.Verification = v1alpha1.VerificationRestore
	return s
}

// pass lets the controller look once.
func (s *schedules) pass() (ctrl.Result, error) {
	return s.controller.Reconcile(s.t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.s)})
}

// look lets the controller work until it writes nothing more, and reads the schedule.
func (s *schedules) look() *v1alpha1.EtcdBackupSchedule {
	s.t.Helper()
	for range 20 {
		before := s.writes.Load()
		if _, err := s.pass(); err != nil {
			s.t.Fatal(err)
		}
		if s.writes.Load() == before {
			return s.read()
		}
	}
	s.t.Fatal("the controller goes on writing")
	return nil
}

func (s *schedules) read() *v1alpha1.EtcdBackupSchedule {
	s.t.Helper()
	read := &v1alpha1.EtcdBackupSchedule{}
	get(s.t, client.ObjectKeyFromObject(s.s), read)
	return read
}

func (s *schedules) change(change func(*v1alpha1.EtcdBackupSchedule)) {
	s.t.Helper()
	read := s.read()
	change(read)
	if err := apiServer.Update(s.t.Context(), read); err != nil {
		s.t.Fatal(err)
	}
}

// says looks, and wants a condition.
func (s *schedules) says(kind string, status metav1.ConditionStatus, reason, words string) *v1alpha1.EtcdBackupSchedule {
	s.t.Helper()
	read := s.look()
	wantCondition(s.t, read.Status.Conditions, kind, status, reason, words)
	return read
}

func wantCondition(t *testing.T, conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason, words string) {
	t.Helper()
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil || c.Status != status || c.Reason != reason || !strings.Contains(c.Message, words) {
		t.Fatalf("%s is %+v, want %s %s saying %q", kind, c, status, reason, words)
	}
}

// turn sets the clock to the schedule's next moment, and returns that.
func (s *schedules) turn() time.Time {
	s.t.Helper()
	slots, err := schedule.Parse(s.read().Spec.Schedule, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.now = slots.Next(s.now)
	return s.now
}

// there has the names of all backups, in their order.
func (s *schedules) there() []string {
	s.t.Helper()
	list := &v1alpha1.EtcdBackupList{}
	if err := apiServer.List(s.t.Context(), list, client.InNamespace(s.c.Namespace)); err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, b := range list.Items {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return names
}

func (s *schedules) want(names ...string) {
	s.t.Helper()
	if have := s.there(); !slices.Equal(have, names) {
		s.t.Fatalf("there are the backups %v, want %v", have, names)
	}
}

// ends has a backup end as its controller would show it.
func (s *schedules) ends(name string, well bool) {
	s.t.Helper()
	b := &v1alpha1.EtcdBackup{}
	get(s.t, client.ObjectKey{Namespace: s.c.Namespace, Name: name}, b)
	at := metav1.NewTime(s.now)
	b.Status.StartedAt = &at
	reason, complete := "Full", metav1.ConditionFalse
	if well {
		reason, complete = "Complete", metav1.ConditionTrue
		b.Status.CompletedAt, b.Status.Verified, b.Status.ClusterID = &at, v1alpha1.VerificationHash, clusterID.String()
	}
	meta.SetStatusCondition(&b.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionComplete, Status: complete, Reason: reason, Message: "A test."})
	if !well {
		meta.SetStatusCondition(&b.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionFailed, Status: metav1.ConditionTrue, Reason: reason, Message: "The store is full."})
	}
	if err := apiServer.Status().Update(s.t.Context(), b); err != nil {
		s.t.Fatal(err)
	}
}

// run lets the next backup be made and end, and returns its name.
func (s *schedules) run(well bool) string {
	s.t.Helper()
	name := schedule.Name("often", s.turn())
	s.look()
	s.ends(name, well)
	s.look()
	return name
}

// quiet fails the test where another look costs a write.
func (s *schedules) quiet() {
	s.t.Helper()
	before := s.writes.Load()
	result, err := s.pass()
	if n := s.writes.Load() - before; n != 0 || err != nil {
		s.t.Errorf("at rest it cost %d writes, %v", n, err)
	}
	if result.RequeueAfter < 0 || result.RequeueAfter > time.Hour {
		s.t.Errorf("it looks again after %s", result.RequeueAfter)
	}
}

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
