package act

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// recordFormed records the cluster's ID, for ever, on fresh evidence.
func (a *Actor) recordFormed(ctx context.Context, s *Situation, action plan.RecordFormed) error {
	if id := s.Cluster.Status.ClusterID; id != "" && id != action.ClusterID.String() {
		return fmt.Errorf("the cluster is recorded as %s", id)
	}
	if err := a.evidence(ctx, s, action.ClusterID); err != nil {
		return err
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.ClusterID = action.ClusterID.String() })
}

// evidence asks again: a quorum, or a claim or volume that was marked when
// there was one.
func (a *Actor) evidence(ctx context.Context, s *Situation, id etcd.ClusterID) error {
	if s.Etcd != nil {
		if list, err := s.Etcd.MemberList(ctx); err == nil && list.ClusterID == id {
			return nil
		}
	}
	claims := &corev1.PersistentVolumeClaimList{}
	if err := a.Live.List(ctx, claims, client.InNamespace(s.Cluster.Namespace), client.MatchingLabels(resource.Selector(s.Cluster.Name))); err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	for _, claim := range claims.Items {
		if claim.Annotations[v1alpha1.AnnotationFormed] == id.String() {
			return nil
		}
	}
	for name := range s.Agents {
		report, err := a.report(ctx, s, name)
		if err == nil && report.Volume.Admission != nil && report.Volume.Admission.Formed && report.Volume.Admission.ClusterID == id {
			return nil
		}
	}
	return fmt.Errorf("nothing confirms cluster %s any more", id)
}

// markVolumes writes on claims whose cluster lives on them, and makes them go
// with the EtcdCluster where the user asked for that.
func (a *Actor) markVolumes(ctx context.Context, s *Situation, action plan.MarkVolumes) error {
	if s.Cluster.Status.ClusterID != action.ClusterID.String() {
		return fmt.Errorf("the cluster is not recorded as %s", action.ClusterID)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	var errs []error
	for _, seen := range s.Claims {
		if slices.Contains(action.Claims, seen.Name) {
			errs = append(errs, a.markVolume(ctx, s.Cluster, seen, action.ClusterID))
		}
	}
	return errors.Join(errs...)
}

// markVolume marks the very claim that was seen: one of its name that was made
// meanwhile has another volume below it.
func (a *Actor) markVolume(ctx context.Context, c *v1alpha1.EtcdCluster, seen *corev1.PersistentVolumeClaim, id etcd.ClusterID) error {
	name, claim := seen.Name, &corev1.PersistentVolumeClaim{}
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(seen), claim); err != nil {
		return fmt.Errorf("read claim %s: %w", name, err)
	}
	if claim.UID != seen.UID || claim.DeletionTimestamp != nil {
		return fmt.Errorf("claim %s is not the one that was seen", name)
	}
	if was := claim.Annotations[v1alpha1.AnnotationFormed]; was != "" && was != id.String() {
		return fmt.Errorf("claim %s belongs to cluster %s", name, was)
	}
	base := claim.DeepCopy()
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[v1alpha1.AnnotationFormed] = id.String()
	others := slices.DeleteFunc(claim.OwnerReferences, func(r metav1.OwnerReference) bool { return r.Kind == v1alpha1.KindEtcdCluster })
	claim.OwnerReferences = append(others, resource.RetainedOwners(c)...)
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, claim, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("mark claim %s: %w", name, err)
	}
	return nil
}
