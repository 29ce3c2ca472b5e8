package resource

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Recommended labels.
const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelComponent = "app.kubernetes.io/component"
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelPartOf    = "app.kubernetes.io/part-of"

	valueName      = "etcd"
	valueComponent = "member"
	valueQuorate   = "quorate"
	valueServing   = "true"
)

// ManagedByLabel and ManagedByValue are on every object that Quorate makes:
// the operator's caches are restricted to them.
const (
	ManagedByLabel = labelManagedBy
	ManagedByValue = valueQuorate
)

// Labels returns the labels of every object of a cluster.
func Labels(cluster string) map[string]string {
	return map[string]string{
		labelName:             valueName,
		labelInstance:         cluster,
		labelComponent:        valueComponent,
		labelManagedBy:        valueQuorate,
		labelPartOf:           valueQuorate,
		v1alpha1.LabelCluster: cluster,
	}
}

// Selector returns the labels that select a cluster's members and nothing
// else. It can never change: a StatefulSet's selector is immutable.
func Selector(cluster string) map[string]string {
	return map[string]string{labelComponent: valueComponent, v1alpha1.LabelCluster: cluster}
}

// servingSelector selects the members that clients may be sent to. A member
// leaves it before it is restarted.
func servingSelector(cluster string) map[string]string {
	return with(Selector(cluster), map[string]string{v1alpha1.LabelServing: valueServing})
}

// Serving reports whether the client Service selects a member's pod.
func Serving(pod Object) bool { return pod.GetLabels()[v1alpha1.LabelServing] == valueServing }

func labelSelector(cluster string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: Selector(cluster)}
}

// Owners returns the owner of what goes with the EtcdCluster when it is
// deleted: the EtcdCluster, as controller.
func Owners(cluster *v1alpha1.EtcdCluster) []metav1.OwnerReference {
	return []metav1.OwnerReference{
		*metav1.NewControllerRef(cluster, v1alpha1.GroupVersion.WithKind(v1alpha1.KindEtcdCluster)),
	}
}

// RetainedOwners returns the owners of what follows the volumes: the claims
// themselves and the authorities that the volumes' next life needs. They go
// with the EtcdCluster only where the user asked for it.
func RetainedOwners(cluster *v1alpha1.EtcdCluster) []metav1.OwnerReference {
	if cluster.Spec.Storage.WhenDeleted == v1alpha1.RetentionDelete {
		return Owners(cluster)
	}
	return nil
}

// meta returns the metadata of an object that goes with the EtcdCluster.
func meta(in Inputs, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:            name,
		Namespace:       in.Cluster.Namespace,
		Labels:          Labels(in.Cluster.Name),
		OwnerReferences: Owners(in.Cluster),
	}
}

func typeMeta(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

// with returns a copy of base with the entries of over, which win.
func with(base, over map[string]string) map[string]string {
	merged := make(map[string]string, len(base)+len(over))
	maps.Copy(merged, base)
	maps.Copy(merged, over)
	return merged
}
