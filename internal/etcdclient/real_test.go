package etcdclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/quorate/quorate/internal/etcd"
)

// member is one real etcd server on loopback.
type member struct {
	name         string
	peer, client string
	*embed.Etcd
}

func reserve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}

func newMember(t *testing.T, name string) *member {
	t.Helper()
	return &member{name: name, peer: reserve(t), client: reserve(t)}
}

// start runs the member. initial is the cluster as etcd's flag has it.
func (m *member) start(t *testing.T, dir, state, initial string) {
	t.Helper()
	config := embed.NewConfig()
	config.Name, config.Dir, config.LogLevel, config.Logger = m.name, filepath.Join(dir, m.name), "fatal", "zap"
	config.UnsafeNoFsync = true
	config.TickMs, config.ElectionMs = 20, 200
	config.ClusterState, config.InitialCluster = state, initial
	peer, client := parse(t, m.peer), parse(t, m.client)
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	var err error
	if m.Etcd, err = embed.StartEtcd(config); err != nil {
		t.Fatalf("start %s: %v", m.name, err)
	}
	t.Cleanup(m.Close)
	select {
	case <-m.Server.ReadyNotify():
	case <-time.After(20 * time.Second):
		t.Fatalf("%s is not ready", m.name)
	}
}

func parse(t *testing.T, raw string) url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return *u
}

// insist repeats a change while etcd refuses it for now, and returns how often.
func insist(t *testing.T, change func() error) (refused int) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; refused++ {
		err := change()
		if err == nil {
			return refused
		}
		if !NotYet(err) || time.Now().After(deadline) {
			t.Fatalf("after %d refusals: %v", refused, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// A cluster of one grows to two and moves onto the second member, with every
// refusal on the way being one that passes.
func TestChangesOfARealCluster(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	a, b := newMember(t, "a"), newMember(t, "b")
	a.start(t, dir, embed.ClusterStateFlagNew, "a="+a.peer)

	pool := NewPool()
	defer pool.Drop("x")
	get := func(endpoints ...string) Changer {
		c, err := pool.Get("x", Target{Endpoints: endpoints}, "1")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	idA := etcd.MemberID(a.Server.MemberID())
	idB, err := get(a.client).AddLearner(ctx, b.peer)
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(a.client).AddLearner(ctx, b.peer)
	// An ID is made of the peer URL and the second: within one it is the same.
	if !errors.Is(err, rpctypes.ErrPeerURLExist) && !errors.Is(err, rpctypes.ErrMemberExist) || !NotYet(err) {
		t.Errorf("adding the same peer twice gave %v", err)
	}
	_, err = get(a.client).AddLearner(ctx, "http://127.0.0.1:1")
	if !errors.Is(err, rpctypes.ErrTooManyLearners) || !NotYet(err) {
		t.Errorf("adding a second learner gave %v", err)
	}
	if err := get(a.client).Promote(ctx, idB); !errors.Is(err, rpctypes.ErrMemberLearnerNotReady) || !NotYet(err) {
		t.Errorf("promoting a learner that never started gave %v", err)
	}

	met := time.Now()
	// No connection is older than this: until etcd's own five seconds are over
	// it must refuse. On a machine that takes longer it may accept.
	soon := func() bool { return time.Since(met) < 5*time.Second }
	b.start(t, dir, embed.ClusterStateFlagExisting, fmt.Sprintf("a=%s,b=%s", a.peer, b.peer))
	both := get(b.client, a.client)
	insist(t, func() error { return both.Promote(ctx, idB) })
	// A voter that lags behind the leader is told so instead.
	err = both.Promote(ctx, idB)
	if !errors.Is(err, rpctypes.ErrMemberNotLearner) && !errors.Is(err, rpctypes.ErrMemberLearnerNotReady) || !NotYet(err) {
		t.Errorf("promoting a voter gave %v", err)
	}
	third, err := both.AddLearner(ctx, "http://127.0.0.1:1")
	switch {
	case err == nil && soon():
		t.Error("a member was added while two had just met: the strict check is off")
	case err == nil:
		insist(t, func() error { return both.Remove(ctx, third) })
	case !errors.Is(err, rpctypes.ErrUnhealthy) || !NotYet(err):
		t.Errorf("adding a member while two have just met gave %v", err)
	}
	if err := both.MoveLeader(ctx, idB, idA); !NotYet(err) {
		t.Errorf("moving leadership from a follower gave %v", err)
	}
	insist(t, func() error { return both.MoveLeader(ctx, idA, idB) })
	if lead := etcd.MemberID(b.Server.Lead()); lead != idB {
		t.Errorf("%s leads, not %s", lead, idB)
	}
	if err := both.Disarm(ctx, idA); err != nil {
		t.Errorf("disarming what is not armed: %v", err)
	}
	before := b.Server.CommittedIndex()
	if err := both.Nudge(ctx); err != nil || b.Server.CommittedIndex() <= before {
		t.Errorf("no entry was committed: %v", err)
	}
	if n := insist(t, func() error { return both.Remove(ctx, idA) }); n == 0 && soon() {
		t.Error("a member that has been connected for a moment only was removed at once: the strict check is off")
	}
	list, err := get(b.client).MemberList(ctx)
	if err != nil || len(list.Members) != 1 || list.Members[0].ID != idB || list.Members[0].IsLearner || list.ClusterID != etcd.ClusterID(b.Server.Cluster().ID()) {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if err := get(b.client).Remove(ctx, idA); !errors.Is(err, rpctypes.ErrMemberNotFound) || !NotYet(err) {
		t.Errorf("removing twice gave %v", err)
	}
}

// A member that is not there delays neither questions nor changes, and with
// none there the error says so.
func TestSomebodyIsAway(t *testing.T) {
	t.Parallel()
	a := newMember(t, "a")
	a.start(t, t.TempDir(), embed.ClusterStateFlagNew, "a="+a.peer)
	hung, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hung.Close() }()
	pool := NewPool()
	defer pool.Drop("x")
	c, err := pool.Get("x", Target{Endpoints: []string{"http://" + hung.Addr().String(), reserve(t), a.client}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if list, err := c.MemberList(t.Context()); err != nil || len(list.Members) != 1 {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if took := time.Since(began); took > askTimeout/2 {
		t.Errorf("a hung member held the list up for %s", took)
	}
	if _, err := c.AddLearner(t.Context(), reserve(t)); err != nil {
		t.Errorf("adding: %v", err)
	}
	none, err := pool.Get("x", Target{Endpoints: []string{reserve(t)}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.MemberList(t.Context()); err == nil || !NotYet(err) {
		t.Errorf("nobody answers, and the list gave %v", err)
	}
	if err := none.Remove(t.Context(), 1); !errors.Is(err, errNobodyAnswers) {
		t.Errorf("nobody answers, and removing gave %v", err)
	}
}

// What does not pass by itself is no "not yet".
func TestNotYet(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("x"), rpctypes.ErrPermissionDenied, rpctypes.ErrMemberBadURLs, rpctypes.ErrBadLeaderTransferee, rpctypes.ErrCorrupt} {
		if NotYet(err) {
			t.Errorf("%v passes by itself", err)
		}
	}
	for _, err := range []error{context.DeadlineExceeded, rpctypes.ErrNoLeader, rpctypes.ErrGRPCLeaderChanged, errors.New("etcdserver: request timed out, leader transfer took too long")} {
		if !NotYet(fmt.Errorf("wrapped: %w", err)) {
			t.Errorf("%v does not pass", err)
		}
	}
}
