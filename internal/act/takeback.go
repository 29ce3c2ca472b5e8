package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// takeBack goes back to the volumes that were given up, while nothing was formed in
// their place.
func (a *Actor) takeBack(ctx context.Context, s *Situation, action plan.TakeBack) error {
	r := s.Cluster.Status.Restore
	if r == nil || r.CompletedAt != nil || int(r.FormerEpoch) != action.To {
		return fmt.Errorf("there is no restore to take back")
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	switched := resource.Epoch(s.Cluster) == int(r.Epoch)
	if switched {
		if err := a.neverServed(ctx, s, claims); err != nil {
			return err
		}
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for i := range claims {
		if claims[i].Annotations[v1alpha1.AnnotationSupersededBy] != r.UID {
			continue
		}
		err := a.annotate(ctx, &claims[i], func(annotations map[string]string) {
			delete(annotations, v1alpha1.AnnotationSuperseded)
			delete(annotations, v1alpha1.AnnotationSupersededBy)
		})
		if err != nil {
			return err
		}
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		if switched {
			status.Birth, status.Joining = nil, nil
		}
		status.Epoch, status.ClusterID, status.Restore = r.FormerEpoch, r.FormerClusterID, nil
	})
}

// neverServed fails unless the present epoch has neither a pod nor a cluster: agents
// serve only once the claims of a quorum are marked.
func (a *Actor) neverServed(ctx context.Context, s *Situation, claims []corev1.PersistentVolumeClaim) error {
	if s.Cluster.Status.ClusterID != "" {
		return fmt.Errorf("there is no restore to take back: the cluster has formed anew")
	}
	for i := range claims {
		if resource.EpochOf(s.Cluster.Name, claims[i].Name) == resource.Epoch(s.Cluster) && claims[i].Annotations[v1alpha1.AnnotationFormed] != "" {
			return fmt.Errorf("claim %s remembers that the cluster has formed anew", claims[i].Name)
		}
	}
	return a.noPods(ctx, s)
}
