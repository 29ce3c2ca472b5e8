package controllers

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	builders "github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

const restoredSHA256 = "5aa2565aa2565aa2565aa2565aa2565aa2565aa2565aa2565aa2565aa2565aa2"

// A cluster that begins with a backup waits for it, has one Job bring it to its empty
// volumes, and grants nothing before it lies on all of them.
func TestBeginWithABackup(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) {
		c.Spec.Replicas = 3
		c.Spec.Bootstrap = &v1alpha1.Bootstrap{Restore: &v1alpha1.RestoreSource{BackupName: "nightly"}}
	})
	f := &formed{t: t, operator: newOperator("system/a"), c: c}
	f.settle(t, c)
	for n := range 3 {
		f.addClaim(n, nil)
		f.addPod(n, waiting(f.name(n), "vol-"+string(f.name(n))))
	}
	f.stalls(f.settle(t, c), "BackupMissing", `no EtcdBackup "nightly"`)

	b := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "nightly"}}
	b.Spec.ClusterName, b.Spec.Store = "old", v1alpha1.BackupStore{URL: "volume://backups"}
	create(t, b)
	f.stalls(f.settle(t, c), "BackupMissing", "not complete")
	meta.SetStatusCondition(&b.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionComplete, Status: metav1.ConditionTrue, Reason: "Complete"})
	if err := apiServer.Status().Update(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	f.settle(t, c)
	key := client.ObjectKey{Namespace: c.Namespace, Name: builders.SendJobName(c)}
	job := &batchv1.Job{}
	get(t, key, job)
	args := strings.Join(job.Spec.Template.Spec.Containers[0].Args, " ")
	for _, want := range []string{"--name=" + c.Namespace + "/old/nightly", "=vol-demo-0,", "=vol-demo-2 ", "--control-tls="} {
		if !strings.Contains(args, want) {
			t.Errorf("the Job has the arguments %s, which lack %s", args, want)
		}
	}
	endJob(t, key, false, snapshot.Result{Reason: snapshot.WrongKey, Message: "the key does not open it"})
	f.stalls(f.settle(t, c), "RestoreFailed", "the key does not open it", "delete the Job")
	removeJob(t, job)
	f.settle(t, c)
	get(t, key, job)

	told := snapshot.Result{Plain: &snapshot.Content{Size: 1, SHA256: restoredSHA256}, Manifest: &snapshot.Manifest{EtcdVersion: "3.7.3"}}
	for n, a := range f.agents {
		if n > 0 {
			a.set(staged)
		}
	}
	// One volume has not got it, whatever the Job says: it is brought once more.
	first := job.UID
	endJob(t, key, true, told)
	f.reconcile(t, c)
	f.settle(t, c)
	if err := apiServer.Get(t.Context(), key, job); err == nil && job.UID == first && job.DeletionTimestamp == nil {
		t.Error("the Job stays, and the snapshot is missing from a volume")
	}
	if birth := fresh(t, c).Status.Birth; birth != nil {
		t.Fatalf("granted without the snapshot: %+v", birth)
	}
	removeJob(t, job)
	f.settle(t, c)
	f.agents[0].set(staged)
	endJob(t, key, true, told)
	for range 3 {
		if fresh(t, c).Status.Birth == nil {
			f.reconcile(t, c)
		}
	}
	if birth := fresh(t, c).Status.Birth; birth == nil || birth.Restore == nil || birth.Restore.SHA256 != restoredSHA256 || birth.Restore.BumpRevisions != 1_000_000_000 {
		t.Errorf("granted: %+v", birth)
	}
}

// staged has an agent report the snapshot as lying on its volume.
func staged(r *control.Report) {
	r.Snapshot = &control.Snapshot{State: control.SnapshotStaged, SHA256: restoredSHA256, Size: 1, Received: 1}
}

// stalls checks why a cluster stands still.
func (f *formed) stalls(c *v1alpha1.EtcdCluster, reason string, words ...string) {
	f.t.Helper()
	stalled := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Status != metav1.ConditionTrue || stalled.Reason != reason {
		f.t.Fatalf("Stalled is %+v, want %s", stalled, reason)
	}
	for _, w := range words {
		if !strings.Contains(stalled.Message, w) {
			f.t.Errorf("Stalled says %q, which lacks %q", stalled.Message, w)
		}
	}
}

// removeJob deletes a Job with its pods, as a person does: nothing collects garbage here.
func removeJob(t *testing.T, job *batchv1.Job) {
	t.Helper()
	if err := apiServer.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	pods := podsOf(t, job)
	for i := range pods.Items {
		if err := apiServer.Delete(t.Context(), &pods.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
	}
}
