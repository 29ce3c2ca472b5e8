package agent

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// newMember makes another pod of the cluster, on an empty volume.
func newMember(t *testing.T, of []*pod, change ...func(*Config)) *pod {
	t.Helper()
	p := newPod(t, of[0].as, fmt.Sprintf("demo-%d", len(of)))
	for _, f := range change {
		f(&p.config)
	}
	return p
}

// addLearner adds p to the cluster, as the operator does before it lets it
// join, and returns what to send to p.
func addLearner(t *testing.T, members []*pod, p *pod) control.JoinRequest {
	t.Helper()
	return addLearnerAt(t, members, p.config.PeerURL)
}

func addLearnerAt(t *testing.T, members []*pod, peerURL string) control.JoinRequest {
	t.Helper()
	c := etcdClient(t, members[0].as, members...)
	var added *clientv3.MemberAddResponse
	waitFor(t, "the learner to be added", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		var err error
		added, err = c.MemberAddAsLearner(ctx, []string{peerURL})
		return err == nil
	})
	req := control.JoinRequest{ClusterID: etcd.ClusterID(added.Header.ClusterId), MemberID: etcd.MemberID(added.Member.ID)}
	for _, m := range added.Members {
		req.Members = append(req.Members, control.Peer{Name: etcd.MemberName(m.Name), PeerURL: m.PeerURLs[0]})
	}
	return req
}

// join sends the request to p, for the volume that p has.
func (p *pod) join(req control.JoinRequest) (control.Report, error) {
	req.VolumeID = p.report().Volume.ID
	return p.control().Join(p.t.Context(), req)
}

// promote makes a voter of p once the leader finds it caught up, and returns
// how long that took.
func promote(t *testing.T, members []*pod, id etcd.MemberID) time.Duration {
	t.Helper()
	c, began := etcdClient(t, members[0].as, members...), time.Now()
	var refused string
	waitFor(t, "promotion of "+id.String(), func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := c.MemberPromote(ctx, uint64(id))
		if err != nil && err.Error() != refused {
			refused = err.Error()
			t.Logf("not promoted after %v: %s", time.Since(began), refused)
		}
		return err == nil
	})
	return time.Since(began)
}

// joinAsVoter adds p to the members, lets it join and promotes it.
func joinAsVoter(t *testing.T, members []*pod, p *pod) {
	t.Helper()
	req := addLearner(t, members, p)
	began := time.Now()
	_, err := p.join(req)
	must(t, err)
	listed := awaitListed(t, members[0], req.MemberID)
	waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	running := time.Since(began)
	t.Logf("%s runs %v after the cluster lists it as started; etcd alone may take seven seconds", p.config.Name, time.Since(listed))
	if s := p.agent.look().server; s == nil || !s.joined() {
		t.Error("it says that it runs, and etcd does not serve clients yet")
	}
	r := p.report()
	if r.Etcd.ClusterID != req.ClusterID || r.Etcd.MemberID != req.MemberID || !r.Etcd.IsLearner || p.ready() {
		t.Errorf("as a learner: %+v %+v", r, r.Etcd)
	}
	promote(t, members, req.MemberID)
	t.Logf("%s runs %v after it was told to join, and votes after %v", p.config.Name, running, time.Since(began))
	waitFor(t, "readiness of "+string(p.config.Name), p.ready)
	if r := p.report(); r.Etcd.IsLearner {
		t.Errorf("as a voter: %+v", r.Etcd)
	}
}

// awaitListed returns when the cluster lists the member as started.
func awaitListed(t *testing.T, through *pod, id etcd.MemberID) time.Time {
	t.Helper()
	c := through.etcd()
	waitFor(t, "the list to show it as started", func() bool {
		list, err := c.MemberList(t.Context())
		return err == nil && slices.ContainsFunc(list.Members, func(m *etcdserverpb.Member) bool {
			return m.ID == uint64(id) && m.Name != ""
		})
	})
	return time.Now()
}

// sameKeys holds the members to one key space.
func sameKeys(t *testing.T, pods []*pod) {
	t.Helper()
	put, err := etcdClient(t, pods[0].as, pods[0]).Put(t.Context(), "last", "one")
	must(t, err)
	hashes := map[uint32]int{}
	for _, p := range pods {
		waitFor(t, "the last write at "+string(p.config.Name), func() bool {
			r := p.report()
			return r.Etcd != nil && r.Etcd.Revision >= put.Header.Revision
		})
		h, err := p.etcd().HashKV(t.Context(), p.config.ClientURL, put.Header.Revision)
		must(t, err)
		hashes[h.Hash]++
	}
	if len(hashes) != 1 {
		t.Errorf("the members' keys differ: %v", hashes)
	}
}

func TestClusterGrowsUnderLoad(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 1)
	form(t, pods)
	w := startWriter(pods[0].etcd(), brief)
	for range 2 {
		p := newMember(t, pods)
		p.start()
		joinAsVoter(t, pods, p)
		pods = append(pods, p)
	}
	w.stop()
	w.done.Wait()
	t.Logf("the writer's longest gap was %v, %d writes failed", w.gap, w.failed)
	sameKeys(t, pods)
	restartsByItself(t, pods)
	sameKeys(t, pods)
}

// ofLog and ofDatabase are how many writes leave a leader with its whole log,
// or with less, so that a new member is sent the database instead.
const (
	ofLog      = 50
	ofDatabase = 150
)

func fill(t *testing.T, p *pod, keys, size int) {
	t.Helper()
	c := p.etcd()
	value := make([]byte, size)
	for i := range keys {
		_, err := c.Put(t.Context(), fmt.Sprintf("filled-%d", i), string(value))
		must(t, err)
	}
}

func TestJoinByTheWholeDatabase(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 1)
	form(t, pods)
	fill(t, pods[0], ofDatabase, 100)
	for range 2 {
		p := newMember(t, pods)
		p.start()
		joinAsVoter(t, pods, p)
		pods = append(pods, p)
	}
	sameKeys(t, pods)
	restartsByItself(t, pods)
}

// With much data another start would take longer than etcd's own way of
// noticing that it has joined. It may be promoted at once all the same.
func TestJoinByALargeDatabase(t *testing.T) {
	t.Parallel()
	voter, p, req := learner(t, plain)
	fillFast(t, voter, 1+quickRestart/100_000, 100_000)
	p.start()
	_, err := p.join(req)
	must(t, err)
	waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	first := p.agent.look().server
	began := time.Now()
	promote(t, []*pod{voter}, req.MemberID)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("promoted %v after it runs", took)
	}
	waitFor(t, "readiness", p.ready)
	if p.agent.look().server != first {
		t.Error("etcd was started again")
	}
	sameKeys(t, []*pod{voter, p})
}
