package controllers

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	builders "github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// An EtcdRestore says what it waits for, and in the end what has become of it.
func TestRestoreStatus(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	restores := &EtcdRestoreReconciler{Client: f.Client, Observer: f.Observer, Recorder: f.Recorder}
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "back"}}
	r.Spec.ClusterName, r.Spec.Source = "nobody", v1alpha1.RestoreFromBackup
	r.Spec.Backup = &v1alpha1.RestoreSource{BackupName: "first"}
	other := r.DeepCopy()
	r.Spec.ClusterName, other.Name = "demo", "other"
	create(t, r)
	create(t, other)
	says := func(r *v1alpha1.EtcdRestore, reason, words string) {
		t.Helper()
		if _, err := restores.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(r)}); err != nil {
			t.Fatal(err)
		}
		get(t, client.ObjectKeyFromObject(r), r)
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionComplete)
		if c == nil || c.Reason != reason || !strings.Contains(c.Message, words) {
			t.Errorf("EtcdRestore %s says %+v, not %s: %s", r.Name, c, reason, words)
		}
	}
	says(other, "ClusterNotFound", `no EtcdCluster "nobody"`)
	says(r, "BackupMissing", `no EtcdBackup "first"`)

	c := fresh(t, f.c)
	now := metav1.NewTime(f.Observer.Now().Truncate(time.Second))
	c.Status.Restore = &v1alpha1.RestoreRecord{Name: "back", UID: string(r.UID), Source: v1alpha1.RestoreFromBackup, Epoch: 2, FormerEpoch: 1, FormerClusterID: "c0", LastRevision: 7, StartedAt: &now, CompletedAt: &now}
	if err := apiServer.Status().Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	says(r, "Complete", "")
	if s := r.Status; !meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionComplete) || s.ClusterID != clusterID.String() || s.FormerClusterID != "c0" || !s.KeptUntil.Equal(ptrTo(metav1.NewTime(now.Add(168*time.Hour)))) {
		t.Errorf("the status is %+v", s)
	}
}

// A backup whose database the new volumes could not hold stops no cluster: its size is
// known once it was read through.
func TestRestoreNeedsRoom(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	b := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "first"}}
	b.Spec.ClusterName, b.Spec.Store.URL = "demo", "s3://bucket/prefix"
	create(t, b)
	b.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: "Complete", LastTransitionTime: metav1.Now()}}
	if err := apiServer.Status().Update(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "back"}}
	r.Spec.ClusterName, r.Spec.Source, r.Spec.Backup = "demo", v1alpha1.RestoreFromBackup, &v1alpha1.RestoreSource{BackupName: "first"}
	create(t, r)
	f.settle(t, f.c)
	told := made()
	told.Plain = &snapshot.Content{Size: f.c.Spec.Storage.Size.Value() - 100<<20, SHA256: "abc"}
	endJob(t, client.ObjectKey{Namespace: f.c.Namespace, Name: builders.ProofJobName("back")}, true, told)
	if c := f.settle(t, f.c); c.Status.Restore != nil {
		t.Errorf("it begins: %+v", c.Status.Restore)
	}
	restores := &EtcdRestoreReconciler{Client: f.Client, Observer: f.Observer, Recorder: f.Recorder}
	if _, err := restores.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(r)}); err != nil {
		t.Fatal(err)
	}
	get(t, client.ObjectKeyFromObject(r), r)
	if c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionComplete); c == nil || c.Reason != "RestoreFailed" || !strings.Contains(c.Message, "room for it and for a log") {
		t.Errorf("it says %+v", c)
	}
}
