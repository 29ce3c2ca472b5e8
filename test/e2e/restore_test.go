package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

func beginningWith(source v1alpha1.RestoreSource) edit {
	return func(o *v1alpha1.EtcdCluster) { o.Spec.Bootstrap = &v1alpha1.Bootstrap{Restore: &source} }
}

// beganWith checks that a cluster was born with what another had: every key, its own
// identity, no alarm, and a history that begins above all that clients have seen.
func (c *cluster) beganWith(keys *keyspace, seen int64) {
	c.t.Helper()
	client := c.client()
	keys.verifyWith(client)
	answer := <-client.Watch(bounded(c.t), keys.prefix+"/", clientv3.WithPrefix(), clientv3.WithRev(seen))
	if !errors.Is(answer.Err(), rpctypes.ErrCompacted) {
		c.t.Errorf("%s: a watch since revision %d gets %v, want that it was compacted", c.name, seen, answer.Err())
	}
	put, err := client.Put(bounded(c.t), "after the restore", "the same in all")
	must(c.t, err)
	if put.Header.Revision < seen+1_000_000_000 {
		c.t.Errorf("%s: the next revision is %d, and %d was seen", c.name, put.Header.Revision, seen)
	}
	_, err = client.Delete(bounded(c.t), "after the restore")
	must(c.t, err)
	c.settled(c.waitReady())
}

// TestRestoreNewCluster: clusters of one, three and five members begin with one backup,
// by its name, as the newest of a store, and as the newest until a moment; they are
// clusters of their own with the same keys.
func TestRestoreNewCluster(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	old := s.readyEtcd("old", 3)
	keys, at := old.write("before", 100), old.revision()
	first := old.backup("first", st.at(), proveByRestore).complete()
	where := st.at()

	one := s.etcd("one", 1, beginningWith(v1alpha1.RestoreSource{BackupName: "first"}))
	three := s.etcd("three", 3, beginningWith(v1alpha1.RestoreSource{Store: &where, ClusterName: "old"}))
	one.waitReady()
	three.waitReady()
	// What comes later is not in what was until then.
	old.write("later", 5)
	old.backup("second", st.at()).complete()
	five := s.etcd("five", 5, beginningWith(v1alpha1.RestoreSource{Store: &where, ClusterName: "old", At: first.Status.CompletedAt.UTC().Format(time.RFC3339)}))
	five.waitReady()

	hashes, ids := map[uint32]string{}, map[string]string{}
	for _, c := range []*cluster{old, one, three, five} {
		if c != old {
			c.beganWith(keys, at)
			(&keyspace{c, "later", nil}).verify()
			c.told("Grant", "they may form a cluster with it")
			hashes[c.sameEverywhere()] = c.name
		}
		ids[c.object().Status.ClusterID] = c.name
	}
	if len(hashes) != 1 {
		t.Errorf("the restored clusters have different keys: %v", hashes)
	}
	if len(ids) != 4 {
		t.Errorf("some clusters have one ID: %v", ids)
	}
}

// TestRestoreForeignSnapshot: a cluster begins with a file that etcdctl snapshot save
// wrote of a cluster that was none of ours, once that lies in a store. One with a bit
// flipped is refused, and no volume is touched.
func TestRestoreForeignSnapshot(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	source := s.readyEtcd("source", 1)
	keys, at := source.write("before", 50), source.revision()
	stream, err := source.client().Snapshot(bounded(t))
	must(t, err)
	file, err := io.ReadAll(stream)
	must(t, err)
	must(t, st.client().Write(bounded(t), "by-hand/snapshot.db", file))
	damaged := bytes.Clone(file)
	damaged[len(damaged)/2] ^= 4
	must(t, st.client().Write(bounded(t), "by-hand/damaged.db", damaged))
	where := st.at()
	where.URL = st.url("")

	good := s.etcd("good", 3, beginningWith(v1alpha1.RestoreSource{Store: &where, File: "by-hand/snapshot.db"}))
	bad := s.etcd("bad", 1, beginningWith(v1alpha1.RestoreSource{Store: &where, File: "by-hand/damaged.db"}))
	good.waitReady()
	good.beganWith(keys, at)
	bad.waitStalled(string(plan.ReasonRestoreFailed), "No volume was touched", "delete the Job")
	// The mend that the condition names is enough.
	must(t, st.client().Write(bounded(t), "by-hand/damaged.db", file))
	kubectl(t, "-n", s.name, "delete", "job", "bad-restore")
	bad.waitReady()
	bad.beganWith(keys, at)
}

// TestRestoreMissing: what cannot be restored says why, and starts nothing, least of
// all empty.
func TestRestoreMissing(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.etcd("demo", 1, beginningWith(v1alpha1.RestoreSource{BackupName: "nowhere"}))
	c.waitStalled(string(plan.ReasonBackupMissing), fmt.Sprintf("There is no EtcdBackup %q", "nowhere"))
	if o := c.object(); o.Status.ClusterID != "" || o.Status.Birth != nil {
		t.Errorf("it was born all the same: %+v", o.Status)
	}
}
