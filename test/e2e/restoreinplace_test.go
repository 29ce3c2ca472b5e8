package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// restore is an EtcdRestore of a test.
type restore struct {
	*space
	name string
}

// restoreFrom applies one that puts a backup in the place of the cluster's data.
func (c *cluster) restoreFrom(backup, name string, edits ...func(*v1alpha1.EtcdRestore)) *restore {
	c.t.Helper()
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Name: name}}
	r.Spec.ClusterName, r.Spec.Source = c.name, v1alpha1.RestoreFromBackup
	r.Spec.Backup = &v1alpha1.RestoreSource{BackupName: backup}
	for _, edit := range edits {
		edit(r)
	}
	c.create(r)
	return &restore{c.space, name}
}

func keepOldFor(d time.Duration) func(*v1alpha1.EtcdRestore) {
	return func(r *v1alpha1.EtcdRestore) { r.Spec.KeepOldFor = &metav1.Duration{Duration: d} }
}

// says waits until the restore's condition has a reason and its message these words.
func (r *restore) says(reason plan.Reason, words ...string) *v1alpha1.EtcdRestore {
	r.t.Helper()
	got := &v1alpha1.EtcdRestore{}
	eventually(r.t, 2*long, fmt.Sprintf("EtcdRestore %s says %s", r.name, reason), func(context.Context) error {
		r.read(r.name, got)
		c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionComplete)
		if c == nil || c.Reason != string(reason) {
			return fmt.Errorf("%s", conditionsText(got.Status.Conditions))
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("its message lacks %q: %s", word, c.Message)
			}
		}
		return nil
	})
	return got
}

func (r *restore) complete() *v1alpha1.EtcdRestore {
	r.t.Helper()
	got := r.says(plan.ReasonRestored)
	if s := got.Status; s.StartedAt == nil || s.CompletedAt == nil || s.KeptUntil == nil || s.ClusterID == "" || s.ClusterID == s.FormerClusterID {
		r.t.Errorf("the status of %s is %+v", r.name, s)
	}
	return got
}

// claimAnnotations are the cluster's claims by name, with the annotations they bear.
func (c *cluster) claimAnnotations() map[string]map[string]string {
	c.t.Helper()
	list := &corev1.PersistentVolumeClaimList{}
	must(c.t, world.List(bounded(c.t), list, client.InNamespace(c.space.name), client.MatchingLabels{v1alpha1.LabelCluster: c.name}))
	found := map[string]map[string]string{}
	for _, claim := range list.Items {
		found[claim.Name] = claim.Annotations
	}
	return found
}

// TestRestoreInPlace: a cluster of three gets the data of its backup back under the
// same name, Service and certificates, on volumes of its own; those from before are
// kept as long as was asked for. One that is no good does not stop the cluster, and one
// that is deleted in time takes everything back.
func TestRestoreInPlace(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	c := s.readyEtcd("demo", 3)
	clients, secrets := c.userTLS(), c.secrets()
	keys := c.write("before", 50)
	c.backup("first", st.at()).complete()
	c.backup("damaged", st.at()).complete()
	must(t, st.client().Tamper(bounded(t), "etcd/"+s.name+"/demo/damaged.db.zst", 1000, 3))
	later := c.write("later", 20)
	seen, before, id := c.revision(), c.identities(), c.object().Status.ClusterID

	dry := c.restoreFrom("first", "dry", func(r *v1alpha1.EtcdRestore) { r.Spec.DryRun = true })
	dry.says(plan.ReasonDryRun, "all 3 members would stop together", "What was written since the backup is lost", fmt.Sprintf("revision %d", seen))
	bad := c.restoreFrom("damaged", "bad")
	bad.says(plan.ReasonRestoreFailed, "The cluster was not touched")
	c.waitReady()
	c.same(before)
	later.verify()
	kubectl(t, "-n", s.name, "delete", "etcdrestore", "bad", "dry")

	r := c.restoreFrom("first", "back", keepOldFor(time.Hour))
	done := r.complete()
	if done.Status.FormerClusterID != id || done.Status.LastRevision < seen {
		t.Errorf("of the cluster before, %s at revision %d, the status has %+v", id, seen, done.Status)
	}
	c.settled(c.waitReady())
	c.beganWith(keys, seen)
	(&keyspace{c, "later", nil}).verify()
	if now := c.secrets(); !sameKeys(now, secrets) {
		t.Errorf("the Secrets are %v, they were %v", now, secrets)
	}
	must(t, c.reads(c.forward(c.member(0), clientPort), clients))
	c.sameEverywhere()
	for i := range 3 {
		old, fresh := c.claimAnnotations()["data-"+c.member(i)], c.claimAnnotations()["data-2-"+c.member(i)]
		if old[v1alpha1.AnnotationKeptUntil] == "" || old[v1alpha1.AnnotationFormed] != id || fresh[v1alpha1.AnnotationFormed] != done.Status.ClusterID {
			t.Errorf("the claims of %s: before %v, now %v", c.member(i), old, fresh)
		}
	}

	// The same backup once more: no revision is seen twice, and the old volumes go at
	// once where that is asked for.
	again := c.revision()
	c.restoreFrom("first", "again", keepOldFor(0)).complete()
	c.beganWith(keys, again)
	eventually(t, long, "the volumes of epoch 2 are gone", func(context.Context) error {
		for name := range c.claimAnnotations() {
			if strings.HasPrefix(name, "data-2-") {
				return fmt.Errorf("%s is there", name)
			}
		}
		return nil
	})
	if claims := c.claimAnnotations(); len(claims) != 6 || claims["data-demo-0"] == nil {
		t.Errorf("the claims are %v", claims)
	}
}

func sameKeys(a, b map[string]string) bool {
	for name, content := range a {
		if b[name] != content && !strings.HasSuffix(name, "-operator-tls") {
			return false
		}
	}
	return len(a) == len(b)
}

// TestRestoreInterrupted: the operator dies between the steps of a restore in place (at
// each write: the crash sweep's scenario), the Job's pod and a member's pod are killed on the way; the cluster comes
// back once, with the backup's data. Deleted at the worst moment, the restore takes
// everything back.
func TestRestoreInterrupted(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"after:BeginRestore", "after:Supersede", "after:SwitchEpoch", "after:RenewClaims", "before:CompleteRestore"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			s := newSpace(t)
			op := s.operator()
			c, keys, seen := s.restorable(op)
			op.stop()
			op.change(diesAt(point))
			op.start()
			r := c.restoreFrom("first", "back")
			op.awaitDeath()
			op.heal()
			r.complete()
			c.beganWith(keys, seen)
		})
	}
	t.Run("pods", func(t *testing.T) {
		t.Parallel()
		s := newSpace(t)
		c, keys, seen := s.restorable(s.operator())
		r := c.restoreFrom("first", "back")
		c.killOnce("the Job's", client.MatchingLabels{batchv1.JobNameLabel: "back-send"}, func(*v1alpha1.EtcdCluster) bool { return true })
		c.killOnce("the member's", client.MatchingLabels{v1alpha1.LabelCluster: c.name, "app.kubernetes.io/component": "member"}, func(o *v1alpha1.EtcdCluster) bool { return o.Status.Epoch == 2 && o.Status.Birth != nil })
		r.complete()
		c.beganWith(keys, seen)
	})
	t.Run("taken back", func(t *testing.T) {
		t.Parallel()
		s := newSpace(t)
		op := s.operator()
		c, keys, _ := s.restorable(op)
		id := c.object().Status.ClusterID
		op.stop()
		op.change(diesAt("after:Grant"))
		op.start()
		c.restoreFrom("first", "back")
		op.awaitDeath()
		kubectl(t, "-n", s.name, "delete", "etcdrestore", "back")
		op.heal()
		c.await("is what it was", func(o *v1alpha1.EtcdCluster) error {
			if o.Status.ClusterID != id || o.Status.Restore != nil {
				return fmt.Errorf("it is %s with %+v", o.Status.ClusterID, o.Status.Restore)
			}
			return nil
		})
		c.waitReady()
		keys.verify()
		eventually(t, long, "only the volume from before is left", func(context.Context) error {
			if claims := c.claimAnnotations(); len(claims) != 1 || claims["data-demo-0"] == nil || claims["data-demo-0"][v1alpha1.AnnotationSuperseded] != "" {
				return fmt.Errorf("the claims are %v", claims)
			}
			return nil
		})
	})
}

// restorable is a cluster of one that was backed up, and has gone on since.
func (s *space) restorable(op *operator) (c *cluster, keys *keyspace, seen int64) {
	s.t.Helper()
	s.create(volumeStore())
	c = s.readyEtcd("demo", 1, operatedBy(op.identity()))
	keys = c.write("before", 10)
	c.backup("first", intoVolume).complete()
	c.write("later", 5)
	return c, keys, c.revision()
}

// killOnce kills a pod as soon as there is one, while something holds.
func (c *cluster) killOnce(whose string, labels client.MatchingLabels, when func(*v1alpha1.EtcdCluster) bool) {
	c.t.Helper()
	eventually(c.t, long, whose+" pod is killed", func(ctx context.Context) error {
		pods := &corev1.PodList{}
		if err := world.List(ctx, pods, client.InNamespace(c.space.name), labels); err != nil {
			return err
		}
		if len(pods.Items) == 0 || !when(c.object()) {
			return fmt.Errorf("there are %d pods, and the status is %+v", len(pods.Items), c.object().Status.Intent)
		}
		return client.IgnoreNotFound(world.Delete(ctx, &pods.Items[0], client.GracePeriodSeconds(0)))
	})
}
