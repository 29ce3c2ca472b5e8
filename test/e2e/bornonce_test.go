package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestBornOnce: the EtcdCluster is deleted, one volume is lost, and the same
// manifest is applied again. The volumes that are left are the cluster; the
// empty one forms nothing, and a condition says so.
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
	s.etcd("demo", 3)
	after := c.waitStalled("MemberLost", c.member(1))
	if after.Status.ClusterID != before.Status.ClusterID {
		t.Errorf("the cluster is %s, it was %s", after.Status.ClusterID, before.Status.ClusterID)
	}
	c.await("has the quorum of those that are left", func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Quorum != "2/3" {
			return fmt.Errorf("quorum is %q", o.Status.Quorum)
		}
		return conditionAt(o, o.Generation, v1alpha1.ConditionQuorate, metav1.ConditionTrue, v1alpha1.ReasonQuorumHealthy)
	})
	client := c.dial(c.member(0))
	keys.verifyWith(client)
	if id := c.clusterID(client); id != before.Status.ClusterID {
		t.Errorf("%s answers as cluster %s", c.member(0), id)
	}
	c.silent(1)
}

// silent checks that a member's agent is up and serves no etcd.
func (c *cluster) silent(ordinal int) {
	c.t.Helper()
	c.awaitPod(c.member(ordinal), "runs and is not ready", func(p *corev1.Pod) error {
		if p.Status.Phase != corev1.PodRunning {
			return errors.New("it does not run")
		}
		if podReady(p) == nil {
			return errors.New("it is ready")
		}
		return nil
	})
	if err := probe(c.space, c.member(ordinal), "/livez"); err != nil {
		c.t.Errorf("an agent that waits is not alive: %v", err)
	}
	if err := c.reads(c.forward(c.member(ordinal), clientPort), c.userTLS()); err == nil {
		c.t.Errorf("%s, whose disk is empty, serves clients", c.member(ordinal))
	}
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
