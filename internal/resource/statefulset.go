package resource

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// revisionHistory is short: a rollback is a change of the spec.
const revisionHistory = 3

// StatefulSet builds the members' StatefulSet. It starts all pods at once and
// never restarts one by itself: which pod restarts when is the planner's.
func StatefulSet(in Inputs) *appsv1.StatefulSet {
	name := in.Cluster.Name
	return seal(&appsv1.StatefulSet{
		TypeMeta:   typeMeta("apps/v1", "StatefulSet"),
		ObjectMeta: meta(in, name),
		Spec: appsv1.StatefulSetSpec{
			Replicas:             ptr.To(in.Replicas),
			ServiceName:          PeersService(name),
			Selector:             labelSelector(name),
			PodManagementPolicy:  appsv1.ParallelPodManagement,
			UpdateStrategy:       appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType},
			RevisionHistoryLimit: ptr.To[int32](revisionHistory),
			// Kubernetes never deletes a volume of ours: see RetainedOwners.
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
				WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
			VolumeClaimTemplates: claimTemplates(in),
			Template:             podTemplate(in),
		},
	})
}

// claimTemplates is immutable in a live StatefulSet. Nothing that a new
// version of the operator could want to change belongs here: hence the
// selector's labels and the one that the caches need, and no more.
func claimTemplates(in Inputs) []corev1.PersistentVolumeClaim {
	storage := in.Cluster.Spec.Storage
	if storage.Ephemeral != nil || storage.Size == nil {
		return nil
	}
	return []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{
			Name:   ClaimTemplate(Epoch(in.Cluster)),
			Labels: with(Selector(in.Cluster.Name), map[string]string{ManagedByLabel: ManagedByValue}),
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: storage.StorageClassName,
			VolumeMode:       ptr.To(corev1.PersistentVolumeFilesystem),
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: *storage.Size},
			},
		},
	}}
}
