package act

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// beginRestore records the EtcdRestore, with the last revision that anybody has now.
func (a *Actor) beginRestore(ctx context.Context, s *Situation, action plan.BeginRestore) error {
	asked := &v1alpha1.EtcdRestore{}
	found, err := a.found(ctx, client.ObjectKey{Namespace: s.Cluster.Namespace, Name: action.Name}, asked)
	if err != nil {
		return err
	}
	if !found || string(asked.UID) != action.UID || asked.DeletionTimestamp != nil || asked.Spec.DryRun {
		return fmt.Errorf("EtcdRestore %s is not asked for any more", action.Name)
	}
	was := s.Cluster.Status
	if was.Restore != nil && was.Restore.CompletedAt == nil {
		return fmt.Errorf("EtcdRestore %s is under way", was.Restore.Name)
	}
	record := &v1alpha1.RestoreRecord{
		Name: action.Name, UID: action.UID, Source: asked.Spec.Source, Epoch: int32(action.Epoch), //nolint:gosec // one more with each restore
		FormerEpoch: int32(resource.Epoch(s.Cluster)), FormerClusterID: was.ClusterID, //nolint:gosec // the same
		LastRevision: a.lastRevision(ctx, s), StartedAt: a.moment(),
	}
	if was.Restore != nil {
		record.LastRevision = max(record.LastRevision, was.Restore.LastRevision, was.Restore.Revision)
	}
	if old, err := a.givenUp(ctx, s, action.Epoch); err != nil {
		return err
	} else if old != nil { // it goes on, and its record was lost
		record.FormerEpoch = int32(resource.EpochOf(s.Cluster.Name, old.Name)) //nolint:gosec // the same
		record.FormerClusterID = old.Annotations[v1alpha1.AnnotationFormed]
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Restore = record })
}

// givenUp is a claim that was superseded by an epoch; nil when none was.
func (a *Actor) givenUp(ctx context.Context, s *Situation, by int) (*corev1.PersistentVolumeClaim, error) {
	claims, err := a.claims(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range claims {
		if claims[i].Annotations[v1alpha1.AnnotationSuperseded] == strconv.Itoa(by) && claims[i].Annotations[v1alpha1.AnnotationFormed] != "" {
			return &claims[i], nil
		}
	}
	return nil, nil
}
