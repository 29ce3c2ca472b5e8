package agent

import (
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/types"
)

// What the planner's rule "idle" and docs/decisions/0026 rest on: a member that gets
// the leader's whole database has all that the leader has, says that it has applied
// nothing of it, and refuses what it would have to propose, until the cluster commits
// another entry: one that changes nothing will do.
func TestWholeDatabaseCountsWithTheNextEntry(t *testing.T) {
	t.Parallel()
	// etcd 3.5 shortens its log only as it takes a snapshot.
	often := func(c *Config) { c.Options = []string{"snapshot-count=100"} }
	pods := newCluster(t, 1, often)
	form(t, pods)
	for range 2 {
		p := newMember(t, pods, often)
		p.start()
		joinAsVoter(t, pods, p)
		pods = append(pods, p)
	}
	leader, away := pods[0], pods[2]
	waitFor(t, "readiness", func() bool { return away.ready() && pods[1].ready() })
	if e := leader.report().Etcd; e.Leader != e.MemberID {
		t.Fatalf("%s leads, and not the first", e.Leader)
	}
	server, id := leader.agent.look().server.Server, types.ID(away.report().Etcd.MemberID)
	const maxBehind = 5000 // etcd's own, of entries to apply, which it does not export
	server.CutPeer(id)
	fillFast(t, leader, maxBehind+500, 10)
	server.MendPeer(id)

	waitFor(t, "the database to come", func() bool { return away.report().Etcd.Revision == leader.report().Etcd.Revision })
	e := away.report().Etcd
	if e.Index != leader.report().Etcd.Index || e.AppliedIndex+maxBehind >= e.Index {
		t.Fatalf("it says that it has applied %d of %d", e.AppliedIndex, e.Index)
	}
	through := etcdClient(t, away.as, away)
	if _, err := through.Put(t.Context(), "k", "v"); err == nil || err.Error() != rpctypes.ErrTooManyRequests.Error() {
		t.Errorf("a write through it: %v", err)
	}
	_, err := leader.etcd().AlarmList(t.Context())
	must(t, err)
	waitFor(t, "it to count all as applied", func() bool {
		e := away.report().Etcd
		return e.AppliedIndex == e.Index
	})
	_, err = through.Put(t.Context(), "k", "v")
	must(t, err)
}
