package e2e

import "testing"

// TestAdopt: the manifest is deleted and applied again with fewer and with more
// replicas: the same cluster is found, and then becomes what the spec says.
func TestAdopt(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("demo", 3)
	before := c.waitReady()
	c.volumesMarked(before)
	keys := c.write("before", 20)
	for _, n := range []int32{1, 3} {
		c.delete()
		after := s.readyEtcd("demo", n).waitReady()
		if after.Status.ClusterID != before.Status.ClusterID {
			t.Errorf("applied with %d replicas the cluster is %s, it was %s", n, after.Status.ClusterID, before.Status.ClusterID)
		}
		if id := memberIDs(after)[c.member(0)]; id != memberIDs(before)[c.member(0)] {
			t.Errorf("%s is %s, it was %s", c.member(0), id, memberIDs(before)[c.member(0)])
		}
		c.settled(after)
		keys.verify()
	}
}
