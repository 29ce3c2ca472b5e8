package e2e

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestScaleWhileDown: while a member is down nobody is added, and the condition
// names whom that waits for; scaled in so far that it leaves anyway, the member
// that is down is the first to go, so that the others are never too few.
func TestScaleWhileDown(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	keys, before := c.write("before", 20), c.identities()
	down := c.member(1)
	release := c.hold(1)

	c.scaleTo(5)
	generation := c.object().Generation
	c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, "", down)
	c.await("has a quorum without "+down, func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Quorum != "2/3" {
			return fmt.Errorf("quorum %s", o.Status.Quorum)
		}
		return conditionAt(o, generation, v1alpha1.ConditionQuorate, metav1.ConditionTrue, v1alpha1.ReasonQuorumHealthy)
	})
	if voters := c.voters(c.dial(c.member(0))); len(voters) != 3 {
		t.Errorf("with %s down the voters are %v", down, voters)
	}

	c.scaleTo(1)
	c.await("goes on without "+down, func(o *v1alpha1.EtcdCluster) error {
		if n := voterCount(o); n == 3 || o.Status.Quorum != fmt.Sprintf("%d/%d", n, n) {
			return fmt.Errorf("quorum %s of %d", o.Status.Quorum, n)
		}
		return nil
	})
	release()
	o := c.waitReady()
	if now := memberIDs(o)[c.member(0)]; now != before.ids[c.member(0)] {
		t.Errorf("%s is %s, it was %s", c.member(0), now, before.ids[c.member(0)])
	}
	c.settled(o)
	keys.verify()
}
