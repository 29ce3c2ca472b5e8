package etcdclient

import (
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// A real cluster is told to go back a release line, and not to: each once more
// than it takes. What etcd refuses is an error.
func TestDowngradeOfARealCluster(t *testing.T) {
	t.Parallel()
	m := newMember(t, "a")
	m.start(t, t.TempDir(), embed.ClusterStateFlagNew, "a="+m.peer)
	for deadline := time.Now().Add(20 * time.Second); m.Server.ClusterVersion() == nil || m.Server.StorageVersion() == nil; {
		if time.Now().After(deadline) {
			t.Fatal("the cluster has no version")
		}
		<-time.After(20 * time.Millisecond)
	}
	pool := NewPool()
	defer pool.Drop("x")
	c, err := pool.Get("x", Target{Endpoints: []string{m.client}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Downgrade(t.Context(), "3.5"); err == nil || NotYet(err) {
		t.Errorf("going back two lines gave %v", err)
	}
	for range 2 {
		if err := c.Downgrade(t.Context(), "3.6"); err != nil {
			t.Error(err)
		}
		if d := m.Server.DowngradeInfo(); !d.Enabled || d.TargetVersion != "3.6.0" {
			t.Errorf("etcd goes back to %+v", d)
		}
	}
	for range 2 {
		if err := c.CancelDowngrade(t.Context()); err != nil {
			t.Error(err)
		}
		if d := m.Server.DowngradeInfo(); d.Enabled {
			t.Errorf("etcd still goes back to %+v", d)
		}
	}
}
