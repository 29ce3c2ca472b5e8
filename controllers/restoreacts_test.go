package controllers

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// No step of a restore is taken that live objects do not bear out, whoever decided it.
func TestRestoreActsLookAgain(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	for reason, action := range map[string]plan.Action{
		"EtcdRestore back is not asked for": plan.BeginRestore{Name: "back", UID: "u1", Epoch: 2},
		"no restore supersedes":             plan.Supersede{Claims: []string{"data-demo-0"}, Epoch: 2, By: "u1"},
		"no restore raises the epoch":       plan.SwitchEpoch{From: 1, To: 2},
		"at epoch 1 is recorded":            plan.RecordEpoch{Epoch: 2},
		"no restore to take back":           plan.TakeBack{To: 1},
		"EtcdRestore back is not under way": plan.CompleteRestore{Name: "back"},
		"is the cluster's own":              plan.DropVolumes{Claims: []string{"data-demo-0"}},
		"still shows":                       plan.Resize{From: 3, To: 0},
		"nobody knows where the backup is":  plan.ProveBackup{Restore: "back"},
	} {
		f.refuses(action, reason)
	}

	dry := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "dry"}}
	dry.Spec = v1alpha1.EtcdRestoreSpec{ClusterName: "demo", Source: v1alpha1.RestoreFromSurvivor, DryRun: true}
	create(t, dry)
	f.refuses(plan.BeginRestore{Name: "dry", UID: string(dry.UID), Epoch: 2}, "not asked for")

	// While members run the epoch stays, and what is kept is not deleted before its time.
	now := metav1.NewTime(f.Observer.Now().Truncate(time.Second))
	c := fresh(t, f.c)
	c.Status.Restore = &v1alpha1.RestoreRecord{Name: "back", UID: "u1", Source: v1alpha1.RestoreFromBackup, Epoch: 2, FormerEpoch: 1, FormerClusterID: c.Status.ClusterID, StartedAt: &now}
	if err := apiServer.Status().Update(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	f.refuses(plan.SwitchEpoch{From: 1, To: 2}, "is still there")
	former := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "data-7-demo-0", Labels: f.claim(0).Labels, Annotations: map[string]string{
		v1alpha1.AnnotationFormed: "c7", v1alpha1.AnnotationKeptUntil: now.Add(time.Hour).UTC().Format(time.RFC3339),
	}}, Spec: *f.claim(0).Spec.DeepCopy()}
	create(t, former)
	f.refuses(plan.DropVolumes{Claims: []string{former.Name}}, "is kept until")
	if err := f.do(plan.Supersede{Claims: []string{"data-demo-0"}, Epoch: 2, By: "u1"}); err != nil {
		t.Fatal(err)
	}
	if a, b := f.claim(0).Annotations, f.claim(1).Annotations; a[v1alpha1.AnnotationSuperseded] != "2" || b[v1alpha1.AnnotationSuperseded] != "" {
		t.Errorf("the claims have %v and %v", a, b)
	}
	// Taken back, nothing is left of it.
	if err := f.do(plan.TakeBack{To: 1}); err != nil {
		t.Fatal(err)
	}
	if c := fresh(t, f.c); c.Status.Restore != nil || c.Status.ClusterID != clusterID.String() || f.claim(0).Annotations[v1alpha1.AnnotationSupersededBy] != "" {
		t.Errorf("after it was taken back: %+v, %v", c.Status, f.claim(0).Annotations)
	}
}
