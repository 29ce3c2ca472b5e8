package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// takeBack goes back to the volumes that were given up, while nothing was formed in
// their place.
func (a *Actor) takeBack(ctx context.Context, s *Situation, action plan.TakeBack) error {
	r := s.Cluster.Status.Restore
	switched := r != nil && resource.Epoch(s.Cluster) == int(r.Epoch)
	if r == nil || r.CompletedAt != nil || switched && s.Cluster.Status.ClusterID != "" || int(r.FormerEpoch) != action.To {
		return fmt.Errorf("there is no restore to take back")
	}
	if switched {
		if err := a.noPods(ctx, s); err != nil {
			return err
		}
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
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
