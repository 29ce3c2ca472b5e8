package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// Restore returns the status of an EtcdRestore; cluster is nil when there is none.
func Restore(r *v1alpha1.EtcdRestore, cluster *v1alpha1.EtcdCluster, s plan.Standing, now metav1.Time) v1alpha1.EtcdRestoreStatus {
	out := *r.Status.DeepCopy()
	out.ObservedGeneration = r.Generation
	complete := metav1.ConditionFalse
	if s.Complete {
		complete = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&out.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionComplete, Status: complete, ObservedGeneration: r.Generation,
		Reason: string(s.Reason), Message: clip(s.Message, maxMessage), LastTransitionTime: now,
	})
	if cluster == nil || cluster.Status.Restore == nil || cluster.Status.Restore.UID != string(r.UID) {
		return out
	}
	record := cluster.Status.Restore
	out.StartedAt, out.CompletedAt = record.StartedAt, record.CompletedAt
	out.FormerClusterID, out.LastRevision = record.FormerClusterID, record.LastRevision
	if s.Complete {
		out.ClusterID = cluster.Status.ClusterID
		if record.CompletedAt != nil && record.Source == v1alpha1.RestoreFromBackup {
			until := metav1.NewTime(record.CompletedAt.Add(keptOld(r)))
			out.KeptUntil = &until
		}
	}
	return out
}

func keptOld(r *v1alpha1.EtcdRestore) time.Duration {
	if r.Spec.KeepOldFor != nil {
		return r.Spec.KeepOldFor.Duration
	}
	return v1alpha1.DefaultKeepOldFor
}
