package resource

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// spread returns how members are spread: never two on one node while there are
// nodes enough, over zones as far as possible. A node that members may not use
// (a taint) does not count as empty. The user's constraints replace both.
func spread(cluster *v1alpha1.EtcdCluster) []corev1.TopologySpreadConstraint {
	if user := cluster.Spec.PodTemplate.TopologySpreadConstraints; len(user) > 0 {
		return counted(cluster.Name, user)
	}
	return counted(cluster.Name, []corev1.TopologySpreadConstraint{
		{
			TopologyKey: corev1.LabelHostname, MaxSkew: 1, WhenUnsatisfiable: corev1.DoNotSchedule,
			NodeTaintsPolicy: ptr.To(corev1.NodeInclusionPolicyHonor),
		},
		{TopologyKey: corev1.LabelTopologyZone, MaxSkew: 1, WhenUnsatisfiable: corev1.ScheduleAnyway},
	})
}

// counted makes a constraint without a selector, which Kubernetes would let
// count nothing, count this cluster's members.
func counted(cluster string, constraints []corev1.TopologySpreadConstraint) []corev1.TopologySpreadConstraint {
	var all []corev1.TopologySpreadConstraint
	for _, c := range constraints {
		if c.LabelSelector == nil {
			c.LabelSelector = labelSelector(cluster)
		}
		all = append(all, c)
	}
	return all
}
