package act

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// dropVolumes deletes claims of other epochs: each as it is read now, and only where
// its time has passed, or nothing was ever formed on it.
func (a *Actor) dropVolumes(ctx context.Context, s *Situation, action plan.DropVolumes) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range claims {
		claim := &claims[i]
		if !slices.Contains(action.Claims, claim.Name) || claim.DeletionTimestamp != nil {
			continue
		}
		if err := a.droppable(s.Cluster, claim); err != nil {
			return err
		}
		if err := a.exactly(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

func (a *Actor) droppable(c *v1alpha1.EtcdCluster, claim *corev1.PersistentVolumeClaim) error {
	formed := claim.Annotations[v1alpha1.AnnotationFormed]
	switch epoch := resource.EpochOf(c.Name, claim.Name); {
	case c.Status.ClusterID == "" || epoch == resource.Epoch(c) || formed == c.Status.ClusterID:
		return fmt.Errorf("claim %s is the cluster's own", claim.Name)
	case epoch > resource.Epoch(c) && formed == "":
		return nil
	}
	until, err := time.Parse(time.RFC3339, claim.Annotations[v1alpha1.AnnotationKeptUntil])
	if err != nil || a.Now().Before(until) {
		return fmt.Errorf("claim %s is kept until %q", claim.Name, claim.Annotations[v1alpha1.AnnotationKeptUntil])
	}
	return nil
}
