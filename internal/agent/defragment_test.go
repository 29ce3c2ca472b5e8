package agent

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/control"
)

// defragment has a member copy its database, and returns what came of it. It
// reports all the while.
func (p *pod) defragment() control.Etcd {
	p.t.Helper()
	e := p.report().Etcd
	request := control.DefragmentRequest{ClusterID: e.ClusterID, MemberID: e.MemberID}
	if e.Defragmented != nil {
		request.After = e.Defragmented.Number
	}
	r, err := p.control().Defragment(p.t.Context(), request)
	must(p.t, err)
	for r.Etcd.Defragmenting {
		asked := time.Now()
		r = p.report()
		if took := time.Since(asked); took > time.Second && r.Etcd.Defragmenting {
			p.t.Errorf("while the database is copied a report takes %s", took)
		}
	}
	if d := r.Etcd.Defragmented; d == nil || d.Error != "" {
		p.t.Fatalf("the defragmentation came to %+v", d)
	}
	number := r.Etcd.Defragmented.Number
	r, err = p.control().Defragment(p.t.Context(), request) // it comes late
	must(p.t, err)
	if r.Etcd.Defragmenting || r.Etcd.Defragmented.Number != number || number != request.After+1 {
		p.t.Errorf("a request that comes late began another: %+v", r.Etcd.Defragmented)
	}
	return *r.Etcd
}

// A defragmented database is smaller and holds the same.
func TestDefragment(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	fill(t, p, 800, 64<<10)
	_, err := p.etcd().Delete(t.Context(), "filled-", clientv3.WithPrefix())
	must(t, err)
	_, err = p.etcd().Put(t.Context(), "left", "v")
	must(t, err)
	_, err = p.etcd().Compact(t.Context(), p.report().Etcd.Revision, clientv3.WithCompactPhysical())
	must(t, err)
	before := *p.report().Etcd
	if before.Compacted != before.Revision || before.Defragmented != nil {
		t.Errorf("before it reports %+v", before)
	}
	after := p.defragment()
	if after.DBSize*2 > before.DBSize || after.Revision != before.Revision {
		t.Errorf("the database had %d bytes at revision %d, and has %d at %d", before.DBSize, before.Revision, after.DBSize, after.Revision)
	}
	got, err := p.etcd().Get(t.Context(), "left")
	must(t, err)
	if len(got.Kvs) != 1 {
		t.Error("the key is lost")
	}
	_, err = p.control().Defragment(t.Context(), control.DefragmentRequest{ClusterID: after.ClusterID, MemberID: after.MemberID + 1})
	refusedWith(t, err, "This is member")
}

// A database that reaches its quota takes no writes. Compacting and defragmenting
// it work all the same, and then the alarm may end.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain, func(c *Config) { c.Options = []string{"quota-backend-bytes=16777216"} })[0]
	form(t, []*pod{p})
	var err error
	for i := 0; err == nil; i++ {
		_, err = p.etcd().Put(t.Context(), fmt.Sprintf("filled-%d", i%4), string(make([]byte, 256<<10)))
	}
	if !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Fatalf("filling it ended with %v", err)
	}
	e := *p.report().Etcd
	if len(e.NoSpace) != 1 || e.NoSpace[0] != e.MemberID || e.Compacted == e.Revision {
		t.Errorf("it reports %+v", e)
	}
	_, err = p.etcd().Compact(t.Context(), e.Revision, clientv3.WithCompactPhysical())
	must(t, err)
	if after := p.defragment(); after.DBSize > e.Quota/2 || len(after.NoSpace) != 1 {
		t.Errorf("after a defragmentation it reports %+v", after)
	}
	_, err = p.etcd().AlarmDisarm(t.Context(), &clientv3.AlarmMember{MemberID: uint64(e.MemberID), Alarm: etcdserverpb.AlarmType_NOSPACE})
	must(t, err)
	_, err = p.etcd().Put(t.Context(), "again", "v")
	must(t, err)
	if e := p.report().Etcd; len(e.NoSpace) != 0 {
		t.Errorf("it still reports %v", e.NoSpace)
	}
}

// While the database answers nobody, what it said last is told.
func TestFactsOfABusyDatabase(t *testing.T) {
	t.Parallel()
	var d inDatabase
	say := func(revision int64) func() databaseFacts {
		return func() databaseFacts { return databaseFacts{revision: revision} }
	}
	if got := d.ask(say(1)); got.revision != 1 {
		t.Errorf("first it says %+v", got)
	}
	release := make(chan struct{})
	hang := func() databaseFacts { <-release; return databaseFacts{revision: 3} }
	for range 2 { // the second is not even asked
		if got := d.ask(hang); got.revision != 1 {
			t.Errorf("while it hangs it says %+v", got)
		}
	}
	close(release)
	waitFor(t, "the answer", func() bool { return d.ask(say(3)).revision == 3 })
	if got := d.ask(func() databaseFacts { panic("closed") }); got.revision != 3 {
		t.Errorf("while it closes it says %+v", got)
	}
	waitFor(t, "the answer", func() bool { return d.ask(say(3)).revision == 3 })
}

// A report comes at any moment of a stop, and does not bring the process down.
func TestReportsWhileStopping(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	for range 5 {
		a, stopped, done := p.agent, make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stopped:
					return
				default:
					a.report()
				}
			}
		}()
		must(t, p.stop())
		close(stopped)
		<-done
		p.start()
		waitFor(t, "readiness", p.ready)
	}
}
