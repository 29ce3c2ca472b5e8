package e2e

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestNodeRemoved: a node goes for good, with its volumes and its Node object.
// The leader that stood on it is replaced elsewhere under a new ID.
func TestNodeRemoved(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	v := c.chooseVictim()
	before := c.identities()
	w := c.writer(v.otherNode)
	removeNode(t, v.node)
	start := time.Now()
	c.awaitReplaced(c.ordinal(v.pod), before)
	t.Logf("all voters back after %.1f s", time.Since(start).Seconds())
	w.progress(50)
	w.verify(c.dial(v.pod))
	c.settled(c.waitReady())
}

// removeNode removes a node for good; the test's end adds one in its place.
func removeNode(t *testing.T, node string) {
	t.Helper()
	list := &corev1.NodeList{}
	if err := world.List(bounded(t), list); err != nil {
		t.Fatal(err)
	}
	tell := func(args ...string) {
		run(t, world.tool("quorate-cluster"), append([]string{"--state", world.state()}, args...)...)
	}
	t.Cleanup(func() {
		tell("up", "--nodes", fmt.Sprint(len(list.Items)))
		images, err := filepath.Glob(world.path(".images", "*.tar"))
		if err != nil || len(images) == 0 {
			t.Errorf("no images to load into the new node (%v)", err)
			return
		}
		tell(append([]string{"load"}, images...)...)
		nodesReady(t)
	})
	tell("remove-node", node, "--delete-object")
	// What Kubernetes itself ran there would be missed for a minute.
	system := &corev1.PodList{}
	if err := world.List(bounded(t), system, client.InNamespace(metav1.NamespaceSystem), client.MatchingFields{"spec.nodeName": node}); err != nil {
		t.Fatal(err)
	}
	for i := range system.Items {
		if err := world.Delete(bounded(t), &system.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
	}
}

func (c *cluster) ordinal(member string) int {
	c.t.Helper()
	i := slices.Index(c.members(), member)
	if i < 0 {
		c.t.Fatalf("%s is no member", member)
	}
	return i
}

// TestUnreachableIsNotDead: the leader is cut off. Writes go on among the
// others, it is left alone, and the condition names the annotation by which a
// person can declare it lost. Healed it is who it was, and catches up; declared
// lost it is removed, and comes back as another.
func TestUnreachableIsNotDead(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	v := c.chooseVictim()
	before := c.identities()
	w := c.writer(v.otherNode)
	heal := nodeTrouble(t, v.node, "cut", "heal")
	w.progress(100)
	declare := v1alpha1.AnnotationReplace + "=" + before.ids[v.pod]
	c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, "", v.pod, declare)
	c.survives(v)
	c.waitCondition(v1alpha1.ConditionQuorate, metav1.ConditionTrue, "")
	w.progress(100)
	c.same(before)
	heal()
	c.waitReady()
	c.same(before)
	w.verify(c.dial(v.pod))

	heal = nodeTrouble(t, v.node, "cut", "heal")
	c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, "", v.pod, declare)
	kubectl(t, "-n", c.space.name, "annotate", "etcd", c.name, declare)
	c.await("has removed the member that was declared lost", func(o *v1alpha1.EtcdCluster) error {
		if slices.Contains(slices.Collect(maps.Values(memberIDs(o))), before.ids[v.pod]) {
			return fmt.Errorf("members %v", memberIDs(o))
		}
		return nil
	})
	heal()
	c.awaitReplaced(c.ordinal(v.pod), before)
	c.settled(c.waitReady())
}

// same checks that nobody was replaced, restarted or removed.
func (c *cluster) same(before identities) {
	c.t.Helper()
	c.othersUntouched(-1, before)
}

// TestQuorumLost: two of three nodes lose their power. The cluster says so and
// what to do, and nothing is deleted, removed or restarted until they return.
func TestQuorumLost(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	keys := c.write("before", 20)
	before := c.identities()
	survivor := operatorNode(t)
	var lost []string
	for _, p := range c.pods() {
		if p.Spec.NodeName != survivor {
			lost = append(lost, p.Spec.NodeName)
		}
	}
	if len(lost) != 2 {
		t.Fatalf("beside %s the members stand on %v", survivor, lost)
	}
	start := nodesTrouble(t, lost, "stop-node", "start-node")
	o := c.waitStalled("QuorumLost")
	t.Logf("what it says: %s", conditionsText(o.Status.Conditions))
	c.waitCondition(v1alpha1.ConditionQuorate, metav1.ConditionFalse, "QuorumLost")
	c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, "QuorumLost")
	restarts := c.restarts(survivor)
	c.saveOne()
	start()
	c.waitReady()
	c.same(before)
	if now := c.restarts(survivor); now != restarts {
		t.Errorf("the member on %s was restarted", survivor)
	}
	keys.verify()
	c.settled(c.waitReady())
}

// saveOne backs up, without a quorum, what one member has: when a person says so.
func (c *cluster) saveOne() {
	c.t.Helper()
	c.create(volumeStore())
	b := c.backup("survivor", intoVolume)
	eventually(c.t, medium, "the backup waits for a quorum", func(context.Context) error {
		got := &v1alpha1.EtcdBackup{}
		b.read(b.name, got)
		if text := conditionsText(got.Status.Conditions); !strings.Contains(text, "spec.withoutQuorum") {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
	kubectl(c.t, "-n", c.space.name, "patch", "etcdbackup", b.name, "--type=merge", "-p", `{"spec":{"withoutQuorum":true}}`)
	if got := b.complete(); got.Status.Revision < 21 {
		c.t.Errorf("the backup has revision %d, and 20 keys were written", got.Status.Revision)
	}
}

// operatorNode is where the operator of all runs.
func operatorNode(t *testing.T) string {
	t.Helper()
	list := &corev1.PodList{}
	if err := world.List(bounded(t), list, client.InNamespace(systemNamespace)); err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Items {
		if strings.HasPrefix(p.Name, operatorName) && podReady(&p) == nil {
			return p.Spec.NodeName
		}
	}
	t.Fatal("no operator is ready")
	return ""
}

// restarts tells how often the members on a node were restarted.
func (c *cluster) restarts(node string) (n int32) {
	c.t.Helper()
	for _, p := range c.pods() {
		for _, s := range p.Status.ContainerStatuses {
			if p.Spec.NodeName == node {
				n += s.RestartCount
			}
		}
	}
	return n
}
