package etcdclient

import (
	"fmt"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/quorate/quorate/internal/etcd"
)

// A real cluster is compacted, once more than it takes, and an alarm that nobody
// has raised ends.
func TestCompactARealCluster(t *testing.T) {
	t.Parallel()
	m := newMember(t, "a")
	m.start(t, t.TempDir(), embed.ClusterStateFlagNew, "a="+m.peer)
	pool := NewPool()
	defer pool.Drop("x")
	c, err := pool.Get("x", Target{Endpoints: []string{m.client}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.client}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for i := range 10 {
		if _, err := client.Put(t.Context(), "key", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	revision := m.Server.KV().Rev()
	for range 2 {
		if err := c.Compact(t.Context(), revision); err != nil {
			t.Error(err)
		}
	}
	if first := m.Server.KV().FirstRev(); first != revision {
		t.Errorf("history begins at %d, not %d", first, revision)
	}
	if err := c.Compact(t.Context(), revision+100); err == nil {
		t.Error("a revision of the future was compacted")
	}
	if err := c.DisarmNoSpace(t.Context(), etcd.MemberID(m.Server.MemberID())); err != nil {
		t.Error(err)
	}
}
