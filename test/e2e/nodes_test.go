package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// nodeTrouble makes trouble with a node of the local Kubernetes, and returns
// what mends it; the test's end does, if the test did not.
func nodeTrouble(t *testing.T, node, trouble, remedy string) (mend func()) {
	t.Helper()
	return nodesTrouble(t, []string{node}, trouble, remedy)
}

func nodesTrouble(t *testing.T, nodes []string, trouble, remedy string) (mend func()) {
	t.Helper()
	tell := func(verb string) {
		for _, node := range nodes {
			run(t, world.tool("quorate-cluster"), "--state", world.state(), verb, node)
		}
	}
	mended := false
	mend = func() {
		if !mended {
			mended = true
			tell(remedy)
			nodesReady(t)
		}
	}
	t.Cleanup(mend)
	tell(trouble)
	return mend
}

// victim is the member that a test takes its node from, and where the others are.
type victim struct{ pod, node, otherNode string }

// chooseVictim picks a member whose node the operator does not run on, and
// makes it the leader: the worst one to lose.
func (c *cluster) chooseVictim() victim {
	c.t.Helper()
	busy := map[string]bool{}
	list := &corev1.PodList{}
	if err := world.List(bounded(c.t), list, client.InNamespace(systemNamespace)); err != nil {
		c.t.Fatal(err)
	}
	for _, p := range list.Items {
		busy[p.Spec.NodeName] = true
	}
	var v victim
	for name, p := range c.pods() {
		if v.pod == "" && !busy[p.Spec.NodeName] {
			v.pod, v.node = name, p.Spec.NodeName
		} else {
			v.otherNode = p.Spec.NodeName
		}
	}
	if v.pod == "" || v.otherNode == "" {
		c.t.Fatalf("no member stands on a node without an operator: %v", busy)
	}
	c.moveLeader(v.pod)
	return v
}

// moveLeader hands leadership to a member.
func (c *cluster) moveLeader(to string) {
	c.t.Helper()
	leader := c.waitReady().Status.Leader
	if leader == to {
		return
	}
	client := c.dial(leader)
	for id, name := range c.voters(client) {
		if name != to {
			continue
		}
		if _, err := client.MoveLeader(bounded(c.t), id); err != nil {
			c.t.Fatalf("move leadership to %s: %v", to, err)
		}
	}
	c.await("is led by "+to, func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Leader != to {
			return fmt.Errorf("%q leads", o.Status.Leader)
		}
		return nil
	})
}

// survives waits until the cluster is known to go on without the victim.
func (c *cluster) survives(v victim) *v1alpha1.EtcdCluster {
	c.t.Helper()
	return c.await("goes on without "+v.pod, func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Quorum != "2/3" || o.Status.Leader == v.pod || o.Status.Leader == "" {
			return fmt.Errorf("quorum %q, led by %q", o.Status.Quorum, o.Status.Leader)
		}
		for _, m := range o.Status.Members {
			if m.Name == v.pod && (m.Ready || m.Message == "") {
				return fmt.Errorf("member %+v", m)
			}
		}
		return nil
	})
}

// TestNodeStopped: the leader's node loses its power. The cluster goes on, says
// which node is missing, and takes nothing from the member; it returns as it was.
func TestNodeStopped(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	before := c.waitReady()
	volumes := c.volumes()
	v := c.chooseVictim()
	w := c.writer(v.otherNode)
	start := nodeTrouble(t, v.node, "stop-node", "start-node")
	w.progress(100)
	c.survives(v)
	c.waitStalled("NodeNotReady", v.pod, v.node)
	start()
	after := c.waitReady()
	if !maps.Equal(memberIDs(before), memberIDs(after)) || !maps.Equal(volumes, c.volumes()) {
		t.Errorf("the members are %v on %v, they were %v on %v", memberIDs(after), c.volumes(), memberIDs(before), volumes)
	}
	w.verify(c.dial(v.pod))
	c.sameEverywhere()
}

// nodesReady waits until every node is.
func nodesReady(t testing.TB) {
	t.Helper()
	eventually(t, long, "all nodes are ready", func(ctx context.Context) error {
		list := &corev1.NodeList{}
		if err := world.List(ctx, list); err != nil {
			return err
		}
		for _, n := range list.Items {
			if len(n.Spec.Taints) > 0 {
				return fmt.Errorf("%s has the taints %v", n.Name, n.Spec.Taints)
			}
			if !nodeReady(n) {
				return errors.New(n.Name + " is not")
			}
		}
		return nil
	})
}

func nodeReady(n corev1.Node) bool {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
