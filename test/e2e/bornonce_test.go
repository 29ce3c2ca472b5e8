package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestBornOnce: the EtcdCluster is deleted, one volume is lost, and the same
// manifest is applied again. The volumes that are left are the cluster; the
// empty one forms nothing, and joins it as a new member.
func TestBornOnce(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("demo", 3)
	before := c.waitReady()
	c.volumesMarked(before)
	keys := c.write("before", 20)
	c.delete()
	claim := &corev1.PersistentVolumeClaim{}
	s.read(c.claim(1), claim)
	s.remove(claim)
	s.gone(claim)
	after := s.readyEtcd("demo", 3).waitReady()
	if after.Status.ClusterID != before.Status.ClusterID {
		t.Errorf("the cluster is %s, it was %s", after.Status.ClusterID, before.Status.ClusterID)
	}
	then, now := memberIDs(before), memberIDs(after)
	for i, m := range c.members() {
		if replaced := then[m] != now[m]; replaced != (i == 1) {
			t.Errorf("%s is %s, it was %s", m, now[m], then[m])
		}
	}
	c.settled(after)
	keys.verify()
}

// delete deletes the EtcdCluster and waits until nothing runs any more.
func (c *cluster) delete() {
	c.t.Helper()
	o := c.object()
	c.remove(o)
	c.gone(o)
	eventually(c.t, long, "the pods are gone", func(context.Context) error {
		if n := len(c.pods()); n > 0 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
}
