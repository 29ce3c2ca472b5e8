package resource

import (
	"cmp"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// DrillOf is the name of the schedule whose drill has made a cluster; empty for all
// others. The label alone, which anybody can set, makes none.
func DrillOf(c *v1alpha1.EtcdCluster) string {
	owner := metav1.GetControllerOf(c)
	name := c.Labels[v1alpha1.LabelDrill]
	if owner == nil || owner.APIVersion != v1alpha1.GroupVersion.String() || owner.Kind != v1alpha1.KindEtcdBackupSchedule || owner.Name != name {
		return ""
	}
	return name
}

// OwnDrill reports whether a cluster was made by a drill of this very schedule: then,
// and only then, it may be deleted.
func OwnDrill(s *v1alpha1.EtcdBackupSchedule, c *v1alpha1.EtcdCluster) bool {
	return DrillOf(c) == s.Name && metav1.IsControlledBy(c, s)
}

// DrillCluster builds the throw-away cluster of a drill. It is like the one that is
// backed up, as far as that can decide whether the data comes up: release, quota,
// scheduling. It goes with its schedule, and its volumes with it.
func DrillCluster(s *v1alpha1.EtcdBackupSchedule, like *v1alpha1.EtcdCluster, name, backup, operator string) *v1alpha1.EtcdCluster {
	c := &v1alpha1.EtcdCluster{}
	c.Namespace, c.Name = s.Namespace, name
	c.Labels = map[string]string{v1alpha1.LabelDrill: s.Name}
	c.Annotations = map[string]string{v1alpha1.AnnotationOperator: operator}
	// Nobody waits for the drill as the schedule is deleted.
	owner := metav1.NewControllerRef(s, v1alpha1.GroupVersion.WithKind(v1alpha1.KindEtcdBackupSchedule))
	owner.BlockOwnerDeletion = ptr.To(false)
	c.OwnerReferences = []metav1.OwnerReference{*owner}

	from := like.DeepCopy().Spec
	c.Spec.Replicas = max(s.Spec.Drill.Replicas, 1)
	c.Spec.Version = cmp.Or(like.Status.Version, from.Version)
	c.Spec.Etcd, c.Spec.PodTemplate, c.Spec.TLS.Disabled = from.Etcd, from.PodTemplate, from.TLS.Disabled
	c.Spec.Etcd.AutoCompaction = nil         // what is compacted cannot be compared
	c.Spec.PodTemplate.Metadata.Labels = nil // a Service of the user's may select them
	c.Spec.Storage = v1alpha1.Storage{Size: from.Storage.Size, StorageClassName: from.Storage.StorageClassName, Ephemeral: from.Storage.Ephemeral, WhenDeleted: v1alpha1.RetentionDelete}
	asked := s.Spec.Drill.Storage
	if asked.Size != nil {
		c.Spec.Storage.Size, c.Spec.Storage.Ephemeral = ptr.To(asked.Size.DeepCopy()), nil
		if quota := c.Spec.Etcd.QuotaBackend; quota != nil && quota.Value()+quotaReserve > asked.Size.Value() {
			c.Spec.Etcd.QuotaBackend = nil // the API server would refuse it
		}
	}
	if asked.StorageClassName != nil {
		c.Spec.Storage.StorageClassName = ptr.To(*asked.StorageClassName)
	}
	c.Spec.Bootstrap = &v1alpha1.Bootstrap{Restore: &v1alpha1.RestoreSource{BackupName: backup}}
	return c
}
