package observe

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// unused notes the claims whose volumes cannot hold an old member's data: those that
// have no volume yet, and those without a mark that were made after the restore from a
// survivor had begun. Both clocks have to say so, the operator's and, by the
// EtcdRestore, the API server's.
func (s *Sight) unused(c *v1alpha1.EtcdCluster) {
	var begun time.Time
	if r := c.Status.Restore; r != nil && r.CompletedAt == nil && r.Source == v1alpha1.RestoreFromSurvivor && r.StartedAt != nil {
		begun = r.StartedAt.Time
		if s.Restore != nil && s.Restore.CreationTimestamp.After(begun) {
			begun = s.Restore.CreationTimestamp.Time
		}
	}
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		live := s.Claims[m.Name]
		if m.Claim == nil || live == nil || m.Claim.Formed != 0 || m.Claim.Member != 0 {
			continue
		}
		m.Claim.Unused = live.Spec.VolumeName == "" || !begun.IsZero() && live.CreationTimestamp.After(begun)
	}
}

// lostLong notes whether the condition has said for long enough that quorum is lost.
func (s *Sight) lostLong(c *v1alpha1.EtcdCluster, now time.Time) {
	lost := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionQuorate)
	if lost == nil || lost.Status != metav1.ConditionFalse || lost.Reason != string(plan.ReasonQuorumLost) {
		return
	}
	after := v1alpha1.DefaultQuorumLossAfter
	if d := c.Spec.QuorumLossAfter; d != nil {
		after = d.Duration
	}
	s.Observation.LostLong = !now.Before(lost.LastTransitionTime.Add(after))
}
