package resource

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"
)

// WithReplicas returns a StatefulSet that runs that many pods and is otherwise
// as it was built.
func WithReplicas(set *appsv1.StatefulSet, replicas int32) *appsv1.StatefulSet {
	resized := set.DeepCopy()
	resized.Spec.Replicas = ptr.To(replicas)
	return seal(resized)
}
