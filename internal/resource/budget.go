package resource

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/internal/etcd"
)

// PodDisruptionBudget builds the budget that arbitrates between node drains
// and Quorate's own restarts: a quorum of the voters stays. Learners are never
// ready, so they never count.
//
// It returns nil for one member on a volume: a drain moves it, data and all,
// while a budget would only block the drain for ever. Without a volume a drain
// loses everything, and is blocked.
func PodDisruptionBudget(in Inputs) *policyv1.PodDisruptionBudget {
	if in.Voters <= 1 && in.Cluster.Spec.Storage.Ephemeral == nil {
		return nil
	}
	return seal(&policyv1.PodDisruptionBudget{
		TypeMeta:   typeMeta("policy/v1", "PodDisruptionBudget"),
		ObjectMeta: meta(in, in.Cluster.Name),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr.To(intstr.FromInt(etcd.Quorum(in.Voters))),
			Selector:     labelSelector(in.Cluster.Name),
			// A member that is not ready may be drained while the others are a quorum.
			UnhealthyPodEvictionPolicy: ptr.To(policyv1.IfHealthyBudget),
		},
	})
}
