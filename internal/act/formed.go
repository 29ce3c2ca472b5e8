package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
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
