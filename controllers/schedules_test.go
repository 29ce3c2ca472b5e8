package controllers

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
