package observe

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// A claim is free of old data only where both clocks say that it came after the
// restore had begun, or where it has no volume; a mark outweighs both.
func TestUnused(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before, later := metav1.NewTime(begun.Add(-time.Minute)), metav1.NewTime(begun.Add(time.Minute))
	for name, c := range map[string]struct {
		created          metav1.Time
		volume           string
		mark             etcd.MemberID
		restore, started metav1.Time
		source           v1alpha1.RestoreFrom
		done, want       bool
	}{
		"no volume":                {created: before, want: true},
		"no volume, marked":        {created: before, mark: 7},
		"old":                      {created: before, volume: "pv", started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor},
		"of the same second":       {created: metav1.NewTime(begun), volume: "pv", started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor},
		"new":                      {created: later, volume: "pv", started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor, want: true},
		"new, marked":              {created: later, volume: "pv", mark: 7, started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor},
		"the operator's is late":   {created: later, volume: "pv", restore: metav1.NewTime(begun.Add(time.Hour)), started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor},
		"of a restore from backup": {created: later, volume: "pv", started: metav1.NewTime(begun), source: v1alpha1.RestoreFromBackup},
		"of one that is done":      {created: later, volume: "pv", started: metav1.NewTime(begun), source: v1alpha1.RestoreFromSurvivor, done: true},
		"without a restore":        {created: later, volume: "pv"},
	} {
		cluster := &v1alpha1.EtcdCluster{}
		if c.source != "" {
			cluster.Status.Restore = &v1alpha1.RestoreRecord{Source: c.source, StartedAt: &c.started}
			if c.done {
				cluster.Status.Restore.CompletedAt = &later
			}
		}
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: c.created}}
		claim.Spec.VolumeName = c.volume
		s := &Sight{Claims: map[etcd.MemberName]*corev1.PersistentVolumeClaim{"demo-0": claim}}
		if !c.restore.IsZero() {
			s.Restore = &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: c.restore}}
		}
		s.Observation.Members = []plan.Member{{Name: "demo-0", Claim: &plan.Claim{Member: c.mark}}}
		s.unused(cluster)
		if got := s.Observation.Members[0].Claim.Unused; got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestLostLong(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		status metav1.ConditionStatus
		reason plan.Reason
		after  time.Duration
		passed time.Duration
		want   bool
	}{
		"not yet":         {metav1.ConditionFalse, plan.ReasonQuorumLost, 0, 5*time.Minute - time.Second, false},
		"by default":      {metav1.ConditionFalse, plan.ReasonQuorumLost, 0, 5 * time.Minute, true},
		"as the spec has": {metav1.ConditionFalse, plan.ReasonQuorumLost, time.Hour, time.Hour - time.Second, false},
		"for an hour":     {metav1.ConditionFalse, plan.ReasonQuorumLost, time.Hour, time.Hour, true},
		"unknown":         {metav1.ConditionUnknown, plan.ReasonUnreachable, 0, time.Hour, false},
		"hibernated":      {metav1.ConditionFalse, plan.ReasonHibernated, 0, time.Hour, false},
		"quorate":         {metav1.ConditionTrue, "QuorumHealthy", 0, time.Hour, false},
	} {
		cluster := &v1alpha1.EtcdCluster{}
		cluster.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionQuorate, Status: c.status, Reason: string(c.reason), LastTransitionTime: metav1.NewTime(since)}}
		if c.after != 0 {
			cluster.Spec.QuorumLossAfter = &metav1.Duration{Duration: c.after}
		}
		s := &Sight{}
		s.lostLong(cluster, since.Add(c.passed))
		if s.Observation.LostLong != c.want {
			t.Errorf("%s: %t", name, s.Observation.LostLong)
		}
	}
}
