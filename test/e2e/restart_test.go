package e2e

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestPodDeleted: a follower's pod and the leader's come back as the members
// that they were, and nothing is lost.
func TestPodDeleted(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	before := c.waitReady()
	keys := c.write("before", 20)
	follower := c.member(0)
	if before.Status.Leader == follower {
		follower = c.member(1)
	}
	for _, pod := range []string{follower, before.Status.Leader} {
		c.deletePod(pod)
		after := c.waitReady()
		if !maps.Equal(memberIDs(before), memberIDs(after)) {
			t.Errorf("after %s was deleted the members are %v, before %v", pod, memberIDs(after), memberIDs(before))
		}
		keys.verifyWith(c.dial(pod))
	}
	if after := c.waitReady(); after.Status.ClusterID != before.Status.ClusterID {
		t.Errorf("the cluster is %s, it was %s", after.Status.ClusterID, before.Status.ClusterID)
	}
	c.sameEverywhere()
}

// TestAllPodsDeleted: all pods die at once, while no operator runs; the
// cluster comes back by itself.
func TestAllPodsDeleted(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator()
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()))
	before := c.waitReady()
	c.volumesMarked(before)
	volumes := c.volumes()
	keys := c.write("before", 20)
	op.stop()
	old := map[string]types.UID{}
	for name, p := range c.pods() {
		old[name] = p.UID
		s.remove(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}, client.GracePeriodSeconds(0))
	}
	for name, uid := range old {
		s.replaced(name, uid)
	}
	keys.verify()
	if !maps.Equal(volumes, c.volumes()) {
		t.Errorf("the volumes are %v, they were %v", c.volumes(), volumes)
	}
	op.start()
	after := c.waitReady()
	if !maps.Equal(memberIDs(before), memberIDs(after)) || before.Status.ClusterID != after.Status.ClusterID {
		t.Errorf("the cluster is %s with %v, it was %s with %v", after.Status.ClusterID, memberIDs(after), before.Status.ClusterID, memberIDs(before))
	}
	c.sameEverywhere()
}
