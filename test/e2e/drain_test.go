package e2e

import (
	"errors"
	"maps"
	"testing"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestDrain: a node is drained under the leader. The budget lets one go and not
// a second, clients lose nothing, and the member is back with its node.
func TestDrain(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	v := c.chooseVictim()
	before := c.identities()
	l := c.load(relaxed)
	l.phase("drain")
	uncordon := c.drain(v.node)
	c.survives(v)
	if err := c.tryDrain(v.otherNode); err == nil {
		t.Errorf("%s was drained too, while %s is away", v.otherNode, v.pod)
	}
	c.uncordon(v.otherNode)
	l.progress(20)
	uncordon()
	o := c.waitReady()
	if now := c.identities(); !maps.Equal(before.ids, now.ids) {
		t.Errorf("the members are %v, they were %v", now.ids, before.ids)
	}
	if n := c.restarted(before); n != 1 {
		t.Errorf("%d members have restarted, want the one", n)
	}
	if gap := l.finish(); gap >= election {
		t.Errorf("no write succeeded for %s: the leader had not handed over", gap)
	}
	c.settled(o)
}

// drain drains a node of this cluster's members, and returns what ends that.
func (c *cluster) drain(node string) (end func()) {
	c.t.Helper()
	c.t.Cleanup(func() { c.uncordon(node) })
	if err := c.tryDrain(node); err != nil {
		c.t.Fatal(err)
	}
	return func() { c.uncordon(node) }
}

func (c *cluster) tryDrain(node string) error {
	out, err := tryKubectl(c.t, "drain", node, "--pod-selector="+v1alpha1.LabelCluster+"="+c.name, "--timeout=20s")
	if err != nil {
		return errors.New(out)
	}
	return nil
}

func (c *cluster) uncordon(node string) {
	c.t.Helper()
	kubectl(c.t, "uncordon", node)
}
