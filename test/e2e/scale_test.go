package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestScale: 1 -> 3 -> 5 -> 3 -> 1 under a steady load, by the spec and by
// kubectl scale. Before each scaling in, the highest ordinal leads. No write is
// given up, none is lost, there is no election without a leader, and the history
// is linearizable. It is not parallel, so that what it measures is its own.
func TestScale(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 1)
	id := c.waitReady().Status.ClusterID
	l := c.load(pace{10 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second})
	l.progress(200) // for comparison
	for _, step := range []struct {
		name     string
		replicas int32
		scale    func(int32)
	}{
		{"1 to 3", 3, c.scaleTo},
		{"3 to 5", 5, c.kubectlScale},
		{"5 to 3", 3, c.kubectlScale},
		{"3 to 1", 1, c.scaleTo},
	} {
		before := c.object().Spec.Replicas
		if step.replicas < before {
			l.phase("leader to the highest")
			c.lead(c.member(int(before) - 1))
		}
		l.phase(step.name)
		step.scale(step.replicas)
		o := c.waitReady()
		if o.Status.ClusterID != id {
			t.Errorf("after %s the cluster is %s, it was %s", step.name, o.Status.ClusterID, id)
		}
		c.settled(o)
	}
	if gap := l.finish(); gap >= election {
		t.Errorf("no write succeeded for %s: a leader was lost", gap)
	}
}

// TestScaleToNine: the largest size that there is, and back. Each time all members
// hold the same, and what was written before. It is not parallel: nine members
// want two processors for themselves.
func TestScaleToNine(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 5, anywhere)
	id := c.waitReady().Status.ClusterID
	keys := c.write("before", 20)
	for _, step := range []struct {
		replicas int32
		scale    func(int32)
	}{{7, c.scaleTo}, {9, c.kubectlScale}, {7, c.scaleTo}, {3, c.kubectlScale}} {
		step.scale(step.replicas)
		o := c.waitReady()
		if o.Status.ClusterID != id {
			t.Errorf("with %d members the cluster is %s, it was %s", step.replicas, o.Status.ClusterID, id)
		}
		c.settled(o)
		keys.verify()
		c.sameEverywhere()
	}
}

func replicas(n int32) edit { return func(c *v1alpha1.EtcdCluster) { c.Spec.Replicas = n } }

// scaleTo changes spec.replicas.
func (c *cluster) scaleTo(n int32) {
	c.t.Helper()
	c.change(replicas(n))
}

// kubectlScale does it through the scale subresource.
func (c *cluster) kubectlScale(n int32) {
	c.t.Helper()
	kubectl(c.t, "-n", c.space.name, "scale", "etcd/"+c.name, "--replicas", fmt.Sprint(n))
}

// lead makes a member the leader, without waiting for the operator to notice.
func (c *cluster) lead(member string) {
	c.t.Helper()
	target := c.dial(member)
	eventually(c.t, medium, member+" leads", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		status, err := target.Status(ctx, target.Endpoints()[0])
		if err != nil || status.Leader == status.Header.MemberId {
			return err
		}
		for id, name := range c.voters(target) {
			if id != status.Leader {
				continue
			}
			if _, err := c.dial(name).MoveLeader(ctx, status.Header.MemberId); err != nil {
				return err
			}
		}
		return fmt.Errorf("%x leads", status.Leader)
	})
}
