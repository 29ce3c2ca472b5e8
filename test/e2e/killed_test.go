package e2e

import (
	"strings"
	"testing"

	"github.com/quorate/quorate/api/v1alpha1"
)

// birthActs are the acts of a birth, in their order.
var birthActs = []string{"TakeCharge", "Issue", "Apply", "Grant", "Admit", "RecordFormed", "MarkVolumes", "Confirm"}

// TestOperatorKilled: the operator dies before and after each act of a birth.
// Whoever comes next brings the same birth to its end: one cluster.
func TestOperatorKilled(t *testing.T) {
	t.Parallel()
	for _, act := range birthActs {
		for _, moment := range []string{"before", "after"} {
			t.Run(moment+" "+act, func(t *testing.T) {
				t.Parallel()
				killedAt(t, moment+":"+act)
			})
		}
	}
}

func killedAt(t *testing.T, point string) {
	s := newSpace(t)
	op := s.operator(diesAt(point))
	c := s.etcd("demo", 3, operatedBy(op.identity()))
	op.awaitDeath()
	then := c.object()
	died := then.Status.Intent
	act := strings.SplitN(point, ":", 2)[1]
	if strings.HasPrefix(point, "after:") && (died == nil || died.Action != act) {
		t.Errorf("the operator died %s, and the intent on record is %+v", point, died)
	}
	op.heal()
	done := c.waitReady()
	if then.Status.ClusterID != "" && then.Status.ClusterID != done.Status.ClusterID {
		t.Errorf("the cluster is %s, it was formed as %s", done.Status.ClusterID, then.Status.ClusterID)
	}
	c.sameBirth(then.Status.Birth, done.Status.Birth)
	c.oneCluster()
}

// sameBirth checks that a grant once given was the one that was used.
func (c *cluster) sameBirth(then, now *v1alpha1.Birth) {
	c.t.Helper()
	if then != nil && now != nil && then.Token != now.Token {
		c.t.Errorf("the token is %s, %s was granted", now.Token, then.Token)
	}
}
