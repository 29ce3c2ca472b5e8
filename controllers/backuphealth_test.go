package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/quorate/quorate/api/v1alpha1"
)

// healthy wants the cluster's condition, and that it stays as it is without a write.
func (s *schedules) healthy(status metav1.ConditionStatus, reason, words string) {
	s.t.Helper()
	c := s.settle(s.t, s.c)
	wantCondition(s.t, c.Status.Conditions, v1alpha1.ConditionBackupHealthy, status, reason, words)
	before := s.writes.Load()
	s.now = s.now.Add(5 * time.Minute) // an age in the message would show
	s.reconcile(s.t, c)
	if n := s.writes.Load() - before; n != 0 {
		s.t.Errorf("at rest it cost %d writes", n)
	}
}

// The cluster says how its backups are, whoever made them, and its metrics too.
func TestBackupHealthy(t *testing.T) {
	t.Parallel()
	s := newSchedules(t, nil)
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Schedule = "0 */6 * * *" })
	proven := func() float64 { return s.gauge("last_proven_backup_timestamp_seconds") }
	well := func() float64 { return s.gauge("backup_healthy") }
	s.look()
	s.healthy(metav1.ConditionUnknown, v1alpha1.ReasonNoBackup, "EtcdBackupSchedule often makes one at")
	if n := proven(); n != -1 {
		t.Errorf("the last proven backup is of %v", n)
	}

	first := s.run(true)
	at := s.now
	s.healthy(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, first+" of "+at.UTC().Format(time.RFC3339))
	if proven() != float64(at.Unix()) || well() != 1 {
		t.Errorf("the metrics are %v and %v", proven(), well())
	}

	failed := s.run(false)
	s.healthy(metav1.ConditionFalse, v1alpha1.ReasonBackupFailed, "EtcdBackup "+failed+" has failed: The store is full")
	if proven() != float64(at.Unix()) || well() != 0 {
		t.Errorf("the metrics are %v and %v", proven(), well())
	}

	last := s.run(true)
	s.healthy(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, last)
	s.turn()
	s.turn()
	s.healthy(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, last)
	s.now = s.now.Add(time.Hour)
	s.healthy(metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue, "EtcdBackupSchedule often has missed 2 runs")
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Suspend = true })
	s.healthy(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, "is suspended")

	// The backups of a former cluster of that name are none of this one's.
	for _, name := range s.there() {
		b := &v1alpha1.EtcdBackup{}
		get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: name}, b)
		b.Status.ClusterID = "f0"
		if err := apiServer.Status().Update(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	s.healthy(metav1.ConditionUnknown, v1alpha1.ReasonNoBackup, "Nothing backs this cluster up")
	forgetMetrics(client.ObjectKeyFromObject(s.c))
	if proven() != -1 || well() != -1 {
		t.Error("the metrics of a cluster that is gone stay")
	}
}

// gauge reads a metric of the cluster; -1 when there is none.
func (s *schedules) gauge(name string) float64 {
	s.t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			of := map[string]string{}
			for _, label := range m.GetLabel() {
				of[label.GetName()] = label.GetValue()
			}
			if f.GetName() == "quorate_cluster_"+name && of["namespace"] == s.c.Namespace && of["name"] == s.c.Name {
				return m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// A cluster is looked at again when what becomes of its backups changes, and not when
// anything else does.
func TestBackupWakesItsCluster(t *testing.T) {
	t.Parallel()
	b := &v1alpha1.EtcdBackup{}
	b.Namespace, b.Name, b.Spec.ClusterName = "prod", "a", "demo"
	s := &v1alpha1.EtcdBackupSchedule{}
	s.Namespace, s.Name, s.Spec.ClusterName = "prod", "often", "demo"
	for _, o := range []client.Object{b, s} {
		if got := backedUp(t.Context(), o); len(got) != 1 || got[0].Namespace != "prod" || got[0].Name != "demo" {
			t.Errorf("%T wakes %v", o, got)
		}
	}
	ended := b.DeepCopy()
	ended.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue}}
	leaving := b.DeepCopy()
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	labelled := b.DeepCopy()
	labelled.Labels = map[string]string{"any": "label"}
	changed := s.DeepCopy()
	changed.Generation++
	later := s.DeepCopy()
	later.Status.NextScheduleTime = &metav1.Time{Time: time.Now()}
	busy := s.DeepCopy()
	busy.Status.Active = []string{"a"}
	for i, c := range []struct {
		was, is client.Object
		wakes   bool
	}{{b, ended, true}, {b, leaving, true}, {b, labelled, false}, {s, changed, true}, {s, later, true}, {s, busy, false}} {
		if got := outcomeChange().Update(event.UpdateEvent{ObjectOld: c.was, ObjectNew: c.is}); got != c.wakes {
			t.Errorf("change %d wakes: %v, want %v", i, got, c.wakes)
		}
	}
}
