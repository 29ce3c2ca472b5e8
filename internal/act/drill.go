package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/resource"
)

// DrillSituation is what was observed live of the schedule whose drill is acted on.
type DrillSituation struct {
	Schedule *v1alpha1.EtcdBackupSchedule
	// Like is the cluster that is backed up, Drilled the throw-away cluster that is
	// there; nil when none is, until one is made.
	Like, Drilled *v1alpha1.EtcdCluster
}

// Drill begins a drill or removes its cluster. Each does nothing the second time. A cluster is deleted only as it was observed, and only if a drill of
// this very schedule has made it. What a drill showed the status records.
func (a *Actor) Drill(ctx context.Context, s *DrillSituation, d drill.Decision) error {
	switch d.Action {
	case drill.Begin:
		if s.Like == nil {
			return fmt.Errorf("%w: EtcdCluster %s was not observed", ErrNotYet, s.Schedule.Spec.ClusterName)
		}
		made := resource.DrillCluster(s.Schedule, s.Like, d.Name, d.Backup, a.Self)
		err := a.Client.Create(ctx, made, client.FieldOwner(FieldManager))
		if apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("%w: there is an EtcdCluster %s already", ErrNotYet, d.Name) // whose it is the next look shows
		}
		if err != nil {
			return fmt.Errorf("create EtcdCluster %s: %w", d.Name, err)
		}
		s.Drilled = made
		return nil
	case drill.Remove:
		c := s.Drilled
		switch {
		case c == nil || c.Name != d.Name:
			return fmt.Errorf("%w: EtcdCluster %s was not observed", ErrNotYet, d.Name)
		case !resource.OwnDrill(s.Schedule, c):
			return fmt.Errorf("EtcdCluster %s belongs to no drill of EtcdBackupSchedule %s", c.Name, s.Schedule.Name)
		}
		if err := a.adopt(ctx, c); err != nil {
			return err
		}
		err := a.Client.Delete(ctx, c, client.Preconditions{UID: &c.UID, ResourceVersion: &c.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete EtcdCluster %s: %w", c.Name, err)
		}
		return nil
	case drill.Record:
		return nil
	default:
		return fmt.Errorf("nobody knows how to %s", d.Action)
	}
}

// adopt makes the claims of a throw-away cluster go with it. Those of a cluster that was
// never formed are not marked: they would stay. A claim that is older than the cluster
// was not made for it.
func (a *Actor) adopt(ctx context.Context, c *v1alpha1.EtcdCluster) error {
	claims := &corev1.PersistentVolumeClaimList{}
	if err := a.Live.List(ctx, claims, client.InNamespace(c.Namespace), client.MatchingLabels(resource.Selector(c.Name))); err != nil {
		return fmt.Errorf("list the claims of %s: %w", c.Name, err)
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		if len(claim.OwnerReferences) > 0 || claim.DeletionTimestamp != nil || claim.CreationTimestamp.Before(&c.CreationTimestamp) {
			continue
		}
		base := claim.DeepCopy()
		claim.OwnerReferences = resource.RetainedOwners(c)
		patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
		if err := a.Client.Patch(ctx, claim, patch, client.FieldOwner(FieldManager)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("have claim %s go with %s: %w", claim.Name, c.Name, err)
		}
	}
	return nil
}
