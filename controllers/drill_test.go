package controllers

import (
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/pki"
	builders "github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// drillTimeout is long: the test's clock is ahead of the API server's.
const drillTimeout = 240 * time.Hour

// drills is a schedule with a drill each hour and one proven backup, which is not tried
// yet. What becomes of the throw-away cluster the test tells.
type drills struct {
	*schedules
	backup string
}

var promised = etcdclient.HashKV{Revision: 57, CompactRevision: 10, Hash: 0xf0f0f0f0}

func newDrills(t *testing.T) *drills {
	t.Helper()
	s := &drills{schedules: newSchedules(t, nil)}
	s.backup = s.run(true)
	b := &v1alpha1.EtcdBackup{}
	get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: s.backup}, b)
	b.Status.SHA256 = restoredSHA256
	b.Status.HashKV = &v1alpha1.BackupHashKV{Revision: promised.Revision, CompactRevision: promised.CompactRevision, Hash: int64(promised.Hash)}
	if err := apiServer.Status().Update(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.look()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) {
		s.Spec.Schedule = "0 0 29 2 *" // no other backup comes between
		s.Spec.Drill = &v1alpha1.BackupDrill{Interval: &metav1.Duration{Duration: time.Hour}, Timeout: &metav1.Duration{Duration: drillTimeout}}
	})
	return s
}

// clusters are the EtcdClusters beside the one that is backed up.
func (s *drills) clusters() (found []v1alpha1.EtcdCluster) {
	s.t.Helper()
	list := &v1alpha1.EtcdClusterList{}
	if err := apiServer.List(s.t.Context(), list, client.InNamespace(s.c.Namespace)); err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(list.Items, func(c v1alpha1.EtcdCluster) bool { return c.Name == s.c.Name })
}

// begins wants that a drill begins, and returns its cluster.
func (s *drills) begins() *v1alpha1.EtcdCluster {
	s.t.Helper()
	s.look()
	found := s.clusters()
	if len(found) != 1 {
		s.t.Fatalf("there are %d throw-away clusters", len(found))
	}
	return &found[0]
}

// serves has a throw-away cluster serve as its controller would show it.
func (s *drills) serves(c *v1alpha1.EtcdCluster) {
	s.t.Helper()
	secret, own := &corev1.Secret{}, &corev1.Secret{}
	get(s.t, client.ObjectKey{Namespace: s.c.Namespace, Name: pki.OperatorTLS.SecretName(s.c.Name)}, secret)
	own.Namespace, own.Name, own.Data = s.c.Namespace, pki.OperatorTLS.SecretName(c.Name), secret.Data
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "member", Image: "member"}}}}
	pod.Namespace, pod.Name, pod.Labels = s.c.Namespace, string(builders.PodName(c.Name, 0)), builders.Selector(c.Name)
	create(s.t, own)
	create(s.t, pod)
	pod.Status.PodIP, pod.Status.PodIPs = "127.0.0.9", []corev1.PodIP{{IP: "127.0.0.9"}}
	if err := apiServer.Status().Update(s.t.Context(), pod); err != nil {
		s.t.Fatal(err)
	}
	s.shows(c, v1alpha1.ConditionReady, "Steady", "It serves.", func(st *v1alpha1.EtcdClusterStatus) {
		st.ClusterID = "d1"
		st.Birth = &v1alpha1.Birth{Token: "t", Restore: &v1alpha1.BirthRestore{SHA256: restoredSHA256}}
	})
}

// shows has a cluster bear a condition that is True, 42 seconds after it began.
func (s *drills) shows(c *v1alpha1.EtcdCluster, kind, reason, message string, change func(*v1alpha1.EtcdClusterStatus)) {
	s.t.Helper()
	get(s.t, client.ObjectKeyFromObject(c), c)
	if change != nil {
		change(&c.Status)
	}
	meta.SetStatusCondition(&c.Status.Conditions, metav1.Condition{
		Type: kind, Status: metav1.ConditionTrue, Reason: reason, Message: message, ObservedGeneration: c.Generation,
		LastTransitionTime: metav1.NewTime(c.CreationTimestamp.Add(42 * time.Second)),
	})
	if err := apiServer.Status().Update(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
}

// ended wants that no throw-away cluster is left, and what the drill showed.
func (s *drills) ended(result v1alpha1.DrillResult, status metav1.ConditionStatus, reason, words string) *v1alpha1.BackupDrillEnd {
	s.t.Helper()
	read := s.says(v1alpha1.ConditionDrilled, status, reason, words)
	if left := s.clusters(); len(left) > 0 {
		s.t.Errorf("%d throw-away clusters are left", len(left))
	}
	if read.Status.LastDrill == nil || read.Status.LastDrill.Result != result || read.Status.Drill != nil {
		s.t.Fatalf("the status is %+v, %+v", read.Status.LastDrill, read.Status.Drill)
	}
	s.quiet()
	return read.Status.LastDrill
}

// The newest backup is restored into a cluster of its own, which is like the one that is
// backed up; its keys are compared, and it is gone. The next one comes in its time.
func TestDrillCycle(t *testing.T) {
	t.Parallel()
	s := newDrills(t)
	c := s.begins()
	read := s.says(v1alpha1.ConditionDrilled, metav1.ConditionUnknown, "Drilling", s.backup)
	if run := read.Status.Drill; run == nil || run.Name != c.Name || run.Backup != s.backup || !run.StartedAt.Equal(&c.CreationTimestamp) {
		t.Errorf("the drill is told as %+v", run)
	}
	if c.Spec.Bootstrap.Restore.BackupName != s.backup || c.Spec.Storage.WhenDeleted != v1alpha1.RetentionDelete || c.Spec.Replicas != 1 ||
		c.Spec.Version != s.c.Spec.Version || !metav1.IsControlledBy(c, s.s) || c.Annotations[v1alpha1.AnnotationOperator] != s.Observer.Self {
		t.Errorf("its cluster is %+v", c)
	}
	s.quiet()
	s.etcd.Hash(promised)
	s.serves(c)
	end := s.ended(v1alpha1.DrillEqual, metav1.ConditionTrue, "DrillEqual", "up to revision 57")
	if end.Duration != "42s" || end.Backup != s.backup || end.Name != c.Name {
		t.Errorf("it ended as %+v", end)
	}
	for name, want := range map[string]float64{"last_drill_success": 1, "last_drill_seconds": 42, "last_drill_timestamp_seconds": float64(end.CompletedAt.Unix())} {
		if got := s.drillGauge(name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	s.healthy(metav1.ConditionTrue, v1alpha1.ReasonBackupRecent, s.backup)

	// An hour later, with other data.
	s.now = s.now.Add(time.Hour)
	next := s.begins()
	if next.Name == c.Name {
		t.Errorf("the second drill has the name of the first, %s", c.Name)
	}
	other := promised
	other.Hash++
	s.etcd.Hash(other)
	s.serves(next)
	s.ended(v1alpha1.DrillDifferent, metav1.ConditionFalse, "DrillDifferent", "with other data")
	if got := s.drillGauge("last_drill_success"); got != 0 {
		t.Errorf("last_drill_success is %v", got)
	}
	s.healthy(metav1.ConditionFalse, v1alpha1.ReasonDrillFailed, "The last drill of EtcdBackupSchedule often failed")
	if err := apiServer.Delete(t.Context(), s.read()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pass(); err != nil || s.drillGauge("last_drill_success") != -1 {
		t.Errorf("the metrics of a schedule that is gone stay: %v", err)
	}
}

func (s *drills) drillGauge(name string) float64 {
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
			if f.GetName() == "quorate_schedule_"+name && of["namespace"] == s.c.Namespace && of["name"] == s.s.Name {
				return m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// A drill that gives no cluster says why: damaged data at once, whatever else in time.
func TestDrillFails(t *testing.T) {
	t.Parallel()
	s := newDrills(t)
	c := s.begins()
	job := builders.SendJob(c, c, builders.RestoreFrom{Store: s.s.Spec.Template.Store, Name: "a"}, nil, builders.BackupImages{Backup: "backup:test"})
	create(t, job)
	claim := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: *c.Spec.Storage.Size}},
	}}
	claim.Namespace, claim.Name, claim.Labels = c.Namespace, builders.ClaimName(1, builders.PodName(c.Name, 0)), builders.Selector(c.Name)
	create(t, claim)
	s.quiet()
	endJob(t, client.ObjectKeyFromObject(job), false, snapshot.Result{Reason: snapshot.Damaged, Message: "the snapshot is damaged"})
	s.ended(v1alpha1.DrillFailed, metav1.ConditionFalse, "DrillFailed", "the snapshot is damaged")
	get(t, client.ObjectKeyFromObject(claim), claim)
	if !metav1.IsControlledBy(claim, c) {
		t.Error("the claim of a cluster that was never formed stays")
	}

	s.now = s.now.Add(time.Hour)
	c = s.begins()
	s.shows(c, v1alpha1.ConditionStalled, "PodsUnschedulable", "No node takes it.", nil)
	s.quiet()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Suspend = true }) // or another begins at once
	s.look()
	s.now = c.CreationTimestamp.Add(drillTimeout)
	s.ended(v1alpha1.DrillTimedOut, metav1.ConditionFalse, "DrillTimedOut", "No node takes it.")
}

// Whatever write is not sent, or its reply lost: the drill comes to the same end, once.
func TestDrillInterrupted(t *testing.T) {
	t.Parallel()
	s := newDrills(t)
	s.look()
	s.etcd.Hash(promised)
	harmed := 0
	for n := range 8 {
		harm, seen := n/2+1, 0 // the cluster, the status, what it showed, the deletion
		fail := func(string, runtime.Object) error {
			if seen++; seen == harm {
				harmed++
				return errors.New("harmed by the test")
			}
			return nil
		}
		if n > 0 {
			s.now = s.now.Add(time.Hour)
		}
		if n%2 == 0 {
			s.before = fail
		} else {
			s.after = fail
		}
		s.insist()
		found := s.clusters()
		if len(found) != 1 {
			t.Fatalf("round %d: there are %d throw-away clusters", n, len(found))
		}
		s.serves(&found[0])
		s.insist()
		s.before, s.after = nil, nil
		if end := s.ended(v1alpha1.DrillEqual, metav1.ConditionTrue, "DrillEqual", ""); end.Name != found[0].Name {
			t.Errorf("round %d: %s was made, and %s has ended", n, found[0].Name, end.Name)
		}
	}
	if harmed != 8 {
		t.Errorf("%d writes were harmed", harmed)
	}
}

// A cluster that no drill of this schedule made is never deleted, whatever its name and
// labels say.
func TestDrillLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	s := newDrills(t)
	c := s.begins()
	// Somebody keeps it, and another takes the label.
	get(t, client.ObjectKeyFromObject(c), c)
	c.OwnerReferences = nil
	if err := apiServer.Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	other := builders.DrillCluster(s.read(), s.c, "other", s.backup, "system/a")
	other.OwnerReferences[0].UID = "another"
	create(t, other)
	for _, o := range []*v1alpha1.EtcdCluster{c, other, fresh(t, s.c)} {
		situation := &act.DrillSituation{Schedule: s.read(), Drilled: o}
		if err := s.Actor.Drill(t.Context(), situation, drill.Decision{Action: drill.Remove, Name: o.Name}); err == nil {
			t.Fatalf("EtcdCluster %s was deleted", o.Name)
		}
	}
	read := s.says(v1alpha1.ConditionDrilled, metav1.ConditionFalse, "DrillFailed", "lost its label or its owner")
	if n := len(s.clusters()); n != 2 || read.Status.Drill != nil {
		t.Errorf("there are %d clusters, and the status has %+v", n, read.Status.Drill)
	}
	// Nor is one that has the name of the next.
	s.now = s.now.Add(time.Hour)
	s.look()
	taken := s.clusters()
	s.change(func(s *v1alpha1.EtcdBackupSchedule) { s.Spec.Drill = nil })
	s.look()
	if read := s.look(); meta.FindStatusCondition(read.Status.Conditions, v1alpha1.ConditionDrilled) != nil || read.Status.Drill != nil || read.Status.DrillTerms != nil {
		t.Errorf("drills are not asked for, and the status is %+v", read.Status)
	}
	if left := s.clusters(); len(taken) != 3 || len(left) != 2 {
		t.Errorf("of %d clusters %d are left", len(taken), len(left))
	}
	for _, name := range []string{c.Name, other.Name} {
		if err := apiServer.Get(t.Context(), client.ObjectKey{Namespace: s.c.Namespace, Name: name}, &v1alpha1.EtcdCluster{}); apierrors.IsNotFound(err) {
			t.Errorf("EtcdCluster %s is gone", name)
		}
	}
	s.quiet()
}

// A cluster that has changed since it was observed is not deleted, and one that is there
// already is not made twice.
func TestDrillActs(t *testing.T) {
	t.Parallel()
	s := newDrills(t)
	c := s.begins()
	situation := &act.DrillSituation{Schedule: s.read(), Like: s.c, Drilled: c.DeepCopy()}
	begins := drill.Decision{Action: drill.Begin, Name: c.Name, Backup: s.backup}
	if err := s.Actor.Drill(t.Context(), situation, begins); !errors.Is(err, act.ErrNotYet) {
		t.Errorf("one that is there: %v", err)
	}
	removes := drill.Decision{Action: drill.Remove, Name: c.Name}
	s.shows(c, v1alpha1.ConditionStalled, "Any", "It changes.", nil)
	if err := s.Actor.Drill(t.Context(), situation, removes); !apierrors.IsConflict(err) {
		t.Errorf("one that has changed: %v", err)
	}
	situation.Drilled = c
	for range 2 {
		if err := s.Actor.Drill(t.Context(), situation, removes); err != nil {
			t.Fatal(err)
		}
	}
	if left := s.clusters(); len(left) > 0 {
		t.Errorf("%d are left", len(left))
	}
}
