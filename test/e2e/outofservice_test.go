package e2e

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestNodeOutOfService: a node loses its power. Its member is waited for, until a
// person says by the taint that the node does not come back: then it is replaced
// elsewhere. The node that comes back all the same brings nobody back.
func TestNodeOutOfService(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	keys := c.write("before", 20)
	v := c.chooseVictim()
	before := c.identities()
	start := nodeTrouble(t, v.node, "stop-node", "start-node")
	c.survives(v)
	c.waitStalled("NodeNotReady", v.pod, v.node)
	c.same(before)

	restore := outOfService(t, v.node)
	c.awaitReplaced(c.ordinal(v.pod), before)
	if p := c.pods()[v.pod]; p.Spec.NodeName == v.node {
		t.Errorf("%s is on %s again", v.pod, v.node)
	}
	keys.verify()
	after := c.identities()
	restore()
	start()
	c.settled(c.waitReady())
	c.same(after)
	c.sameEverywhere()
}

// outOfService taints a node, and returns what takes the taint away; the test's
// end does, if the test did not.
func outOfService(t *testing.T, node string) (restore func()) {
	t.Helper()
	n := &corev1.Node{}
	n.Name = node
	ours := func(taint corev1.Taint) bool { return taint.Key == corev1.TaintNodeOutOfService }
	changeGlobal(t, n, func() {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{
			Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute,
		})
	})
	restore = func() {
		changeGlobal(t, n, func() { n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, ours) })
	}
	t.Cleanup(restore)
	return restore
}
