package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

const bump = 1_000_000_000

// restore is the grant's part: bumped, as is the default.
func (s snapshotOf) restore() *control.Restore {
	return &control.Restore{SHA256: s.sha256, BumpRevisions: bump, MarkCompacted: true}
}

func (p *pod) admitTo(token string, pods []*pod, restore *control.Restore) (control.Report, error) {
	return p.control().Admit(p.t.Context(), control.AdmitRequest{
		VolumeID: p.report().Volume.ID, Token: token, Members: peersOf(pods), Restore: restore,
	})
}

// restoreInto stages a snapshot on the volumes of some of a birth's members,
// admits them and waits until they run.
func restoreInto(t *testing.T, some, all []*pod, s snapshotOf, restore *control.Restore) {
	t.Helper()
	for _, p := range some {
		_, err := p.stage(s)
		must(t, err)
	}
	for _, p := range some {
		_, err := p.admitTo("token-of-restore", all, restore)
		must(t, err)
	}
	for _, p := range some {
		waitFor(t, "restored "+string(p.config.Name), func() bool { return p.report().State == control.StateRunning })
		_, err := p.formed()
		must(t, err)
	}
	for _, p := range some {
		waitFor(t, "readiness of "+string(p.config.Name), p.ready)
	}
}

// lived is a cluster of one that has seen everything there is to see.
type lived struct {
	snapshotOf
	revision int64 // the last one
	hash     *clientv3.HashKVResponse
	keys     map[string]string
	lease    clientv3.LeaseID
	member   etcd.MemberID
	cluster  etcd.ClusterID
}

func live(t *testing.T) lived {
	t.Helper()
	p := newCluster(t, 1)[0] // with TLS: a certificate of root is root where auth is enabled
	form(t, []*pod{p})
	c := p.etcd()
	fill(t, p, 40, 100)
	_, err := c.Delete(t.Context(), "filled-7")
	must(t, err)
	_, err = c.Compact(t.Context(), 20)
	must(t, err)
	lease, err := c.Grant(t.Context(), 3600)
	must(t, err)
	_, err = c.Put(t.Context(), "leased", "v", clientv3.WithLease(lease.ID))
	must(t, err)
	_, err = c.UserAdd(t.Context(), "root", "secret")
	must(t, err)
	_, err = c.UserGrantRole(t.Context(), "root", "root")
	must(t, err)
	_, err = c.AuthEnable(t.Context())
	must(t, err)
	r := p.report()
	// The database has a CORRUPT alarm too, or nothing would show that it goes: NOSPACE alone lets members serve.
	for _, kind := range []etcdserverpb.AlarmType{etcdserverpb.AlarmType_NOSPACE, etcdserverpb.AlarmType_CORRUPT} {
		_, err = p.agent.look().server.Server.Alarm(t.Context(), &etcdserverpb.AlarmRequest{
			Action: etcdserverpb.AlarmRequest_ACTIVATE, MemberID: uint64(r.Etcd.MemberID), Alarm: kind,
		})
		must(t, err)
	}
	l := lived{lease: lease.ID, revision: r.Etcd.Revision, cluster: r.Etcd.ClusterID, member: r.Etcd.MemberID, snapshotOf: take(t, p)}
	l.hash, err = c.HashKV(t.Context(), p.config.ClientURL, l.revision)
	must(t, err)
	l.keys = everyKey(t, p)
	must(t, p.stop())
	older := BinaryVersion()
	older.Minor--
	l.snapshotOf = l.edited(t, func(tx *bbolt.Tx) error { // and a downgrade was under way
		return tx.Bucket(clusterBucket).Put(downgradeKey, fmt.Appendf(nil, `{"target-version":%q,"enabled":true}`, older.Line()+".0"))
	})
	return l
}

func everyKey(t *testing.T, p *pod) map[string]string {
	t.Helper()
	got, err := p.etcd().Get(t.Context(), "", clientv3.WithFromKey())
	must(t, err)
	keys := map[string]string{}
	for _, kv := range got.Kvs {
		keys[string(kv.Key)] = fmt.Sprintf("%s %d %d %d %d", kv.Value, kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease)
	}
	return keys
}

// Members that begin with the same snapshot, token and names are one cluster with
// all that was in the old one, and none of its members and alarms.
func TestRestore(t *testing.T) {
	t.Parallel()
	l := live(t)
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("into %d, bumped", n), func(t *testing.T) {
			t.Parallel()
			pods := newCluster(t, n)
			restoreInto(t, pods, pods, l.snapshotOf, l.restore())
			checkRestored(t, pods, l, l.revision+bump)
			checkRevisions(t, pods[0], l)
			restartsByItself(t, pods)
		})
		t.Run(fmt.Sprintf("into %d, as it was", n), func(t *testing.T) {
			t.Parallel()
			pods := newCluster(t, n)
			restoreInto(t, pods, pods, l.snapshotOf, &control.Restore{SHA256: l.sha256})
			checkRestored(t, pods, l, l.revision)
			for _, p := range pods {
				h, err := p.etcd().HashKV(t.Context(), p.config.ClientURL, l.revision)
				must(t, err)
				if h.Hash != l.hash.Hash || h.CompactRevision != l.hash.CompactRevision {
					t.Errorf("hash %d at compact revision %d, and it was %d at %d", h.Hash, h.CompactRevision, l.hash.Hash, l.hash.CompactRevision)
				}
			}
		})
	}
}

func checkRestored(t *testing.T, pods []*pod, l lived, first int64) {
	t.Helper()
	for _, p := range pods {
		r := p.report()
		if r.Snapshot != nil || len(p.snapshotFiles()) != 0 {
			t.Errorf("the snapshot is still there: %+v, %v", r.Snapshot, p.snapshotFiles())
		}
		if r.Etcd.Revision != first || r.Volume.Admission.Restored.Revision != first {
			t.Errorf("revision %d, admitted with %d, want %d", r.Etcd.Revision, r.Volume.Admission.Restored.Revision, first)
		}
		if len(r.Etcd.Alarms) != 0 || r.Etcd.Downgrade != "" || r.Etcd.ClusterID == l.cluster || r.Etcd.ClusterID != r.Volume.Admission.ClusterID || r.Etcd.Voters != len(pods) {
			t.Errorf("got %+v", r.Etcd)
		}
		if got := everyKey(t, p); !maps.Equal(got, l.keys) {
			t.Errorf("keys %v, want %v", got, l.keys)
		}
	}
	c := pods[0].etcd()
	list, err := c.MemberList(t.Context())
	must(t, err)
	if len(list.Members) != len(pods) {
		t.Errorf("members %v", list.Members)
	}
	for _, m := range list.Members {
		if m.ID == uint64(l.member) {
			t.Errorf("the old member is listed: %v", m)
		}
	}
	left, err := c.TimeToLive(t.Context(), l.lease, clientv3.WithAttachedKeys())
	must(t, err)
	if left.TTL < 3000 || len(left.Keys) != 1 || string(left.Keys[0]) != "leased" {
		t.Errorf("the lease is %+v", left)
	}
	stranger := etcdClientAs(t, "stranger", pods[0])
	if _, err := stranger.Get(t.Context(), "leased"); err == nil {
		t.Error("a stranger is served, so authentication is off")
	}
}

// checkRevisions: who was there before never sees revisions go backwards, and is told
// that it has missed something.
func checkRevisions(t *testing.T, p *pod, l lived) {
	t.Helper()
	c := p.etcd()
	watch := <-c.Watch(t.Context(), "", clientv3.WithPrefix(), clientv3.WithRev(l.revision-3))
	if !errors.Is(watch.Err(), rpctypes.ErrCompacted) || watch.CompactRevision != l.revision+bump {
		t.Errorf("a watch from before: %v, compacted %d", watch.Err(), watch.CompactRevision)
	}
	if _, err := c.Get(t.Context(), "leased", clientv3.WithRev(l.revision)); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("a read of before: %v", err)
	}
	put, err := c.Put(t.Context(), "after", "v")
	must(t, err)
	if put.Header.Revision != l.revision+bump+1 {
		t.Errorf("the next write has revision %d", put.Header.Revision)
	}
}

func etcdClientAs(t *testing.T, name string, p *pod) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{
		Endpoints: []string{p.config.ClientURL}, DialTimeout: 5 * time.Second, Logger: zap.NewNop(), TLS: p.as.client.client(name),
	})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The restored cluster has the old one's names and addresses. A member of the old
// one that comes back is turned away and leads nothing; the one that shall take its
// place may be restored later.
func TestRestoredClusterTurnsTheOldAway(t *testing.T) {
	t.Parallel()
	old := newCluster(t, 3, plain)
	form(t, old)
	fill(t, old[0], 10, 10)
	s := take(t, old[0])
	for _, p := range old {
		must(t, p.stop())
	}
	pods := make([]*pod, len(old))
	for i, p := range old {
		again := *p
		again.config.Dir = t.TempDir()
		pods[i] = &again
	}
	core, logged := observer.New(zapcore.WarnLevel)
	old[2].log = zap.New(core)
	old[2].start()
	for _, p := range pods[:2] {
		p.start()
	}
	restoreInto(t, pods[:2], pods, s, s.restore())
	waitFor(t, "the old member to be turned away", func() bool { return says(logged, "cluster ID mismatch") })
	_, err := pods[0].etcd().Put(t.Context(), "new", "v")
	must(t, err)
	if r := old[2].report(); r.Etcd == nil || r.Etcd.Leader != 0 || r.Etcd.Revision != 11 {
		t.Errorf("the old member: %+v", r.Etcd)
	}
	must(t, old[2].stop())
	pods[2].start()
	restoreInto(t, pods[2:], pods, s, s.restore())
	waitFor(t, "the write to reach it", func() bool { return pods[2].report().Etcd.Revision == 11+bump+1 })
	sameKeys(t, pods)
}

// says looks in messages and in errors.
func says(logged *observer.ObservedLogs, words string) bool {
	for _, e := range logged.All() {
		err := errorField(e.Context)
		if strings.Contains(e.Message, words) || err != nil && strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

func TestRestoreRefused(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	pods := []*pod{p}
	grant := func(change func(*control.Restore)) error {
		r := s.restore()
		change(r)
		_, err := p.admitTo("token", pods, r)
		return err
	}
	refusedWith(t, grant(func(*control.Restore) {}), "is not staged")
	_, err := p.stage(s)
	must(t, err)
	refusedWith(t, grant(func(r *control.Restore) { r.SHA256 = strings.Repeat("0", 64) }), "is not staged")
	for _, change := range []func(*control.Restore){
		func(r *control.Restore) { r.BumpRevisions = 0 },
		func(r *control.Restore) { r.MarkCompacted = false },
		func(r *control.Restore) { r.BumpRevisions = -1 },
		func(r *control.Restore) { r.BumpRevisions = math.MaxInt64 },
	} {
		refusedWith(t, grant(change), "one only with the other")
	}
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Snapshot == nil {
		t.Fatalf("a refused grant left its mark: %+v", r)
	}
	must(t, grant(func(*control.Restore) {}))
	must(t, grant(func(*control.Restore) {}))
	refusedWith(t, grant(func(r *control.Restore) { r.BumpRevisions++ }), "other data")
	_, err = p.admitTo("token", pods, nil)
	refusedWith(t, err, "other data")
	waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	_, err = p.stage(s)
	refusedWith(t, err, "in use")
}

// A snapshot that this release cannot read is refused also where it was staged by
// another one's agent, and the volume is left as it is.
func TestRestoreOfOtherReleases(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	_, err := p.stage(s)
	must(t, err)
	newer := s.edited(t, func(tx *bbolt.Tx) error {
		return tx.Bucket(clusterBucket).Put(clusterVersionKey, []byte("3.8.0"))
	})
	edit(t, p.layout().snapshotFile(s.sha256), func([]byte) []byte { return newer.content })
	_, err = p.admitTo("token", []*pod{p}, s.restore())
	var refused *control.Refusal
	if !errors.As(err, &refused) || refused.Reason != control.ReasonNewerData {
		t.Errorf("got %v", err)
	}
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Volume.Contents != control.ContentsEmpty {
		t.Errorf("got %+v", r)
	}
}

// A file that was spoilt where it lay while no agent ran is found by its sum, nothing
// starts on it, and it is not taken for the snapshot again.
func TestRestoreOfASpoiltFile(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	_, err := p.stage(s)
	must(t, err)
	must(t, p.stop())
	edit(t, p.layout().snapshotFile(s.sha256), func(b []byte) []byte { b[len(b)-5000] ^= 1; return b })
	p.start()
	_, err = p.admitTo("token", []*pod{p}, s.restore())
	must(t, err)
	waitFor(t, "the snapshot to be deleted", func() bool { return strings.Contains(p.report().Message, "expected sha256") })
	if r := p.report(); r.State != control.StateWaiting || r.Snapshot != nil || r.Volume.Contents != control.ContentsEmpty || r.Etcd != nil {
		t.Errorf("got %+v", r)
	}
	_, err = p.control().Discard(t.Context(), control.DiscardRequest{VolumeID: p.report().Volume.ID, Token: "token"})
	must(t, err)
	_, err = p.stage(s)
	must(t, err)
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil {
		t.Errorf("after the discard: %+v", r)
	}
	_, err = p.admitTo("token", []*pod{p}, s.restore())
	must(t, err)
	waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
}

// A restored birth can be discarded until something is written to it.
func TestRestoredBirthIsDiscarded(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	discard := func() error {
		_, err := p.control().Discard(t.Context(), control.DiscardRequest{VolumeID: p.report().Volume.ID, Token: "token"})
		return err
	}
	begin := func() {
		t.Helper()
		_, err := p.stage(s)
		must(t, err)
		_, err = p.admitTo("token", []*pod{p}, s.restore())
		must(t, err)
		waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	}
	begin()
	must(t, discard())
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Snapshot != nil {
		t.Errorf("after the discard: %+v", r)
	}
	begin()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := p.etcd().Put(ctx, "k", "v")
	must(t, err)
	refusedWith(t, discard(), "Keys were written")
}
