package act

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// givesUp reports whether the data of a cluster is being given up for other data.
func givesUp(c *v1alpha1.EtcdCluster) bool {
	r := c.Status.Restore
	return r != nil && r.CompletedAt == nil && r.Source == v1alpha1.RestoreFromBackup && resource.Epoch(c) < int(r.Epoch)
}

// supersede marks the claims that others come in the place of.
func (a *Actor) supersede(ctx context.Context, s *Situation, action plan.Supersede) error {
	if r := s.Cluster.Status.Restore; !givesUp(s.Cluster) || r.UID != action.By || int(r.Epoch) != action.Epoch {
		return fmt.Errorf("no restore supersedes the volumes")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for _, name := range s.members() {
		claim, err := a.liveClaim(ctx, s, name)
		if err != nil {
			return err
		}
		if claim == nil || !slices.Contains(action.Claims, claim.Name) {
			continue
		}
		err = a.annotate(ctx, claim, func(annotations map[string]string) {
			annotations[v1alpha1.AnnotationSuperseded] = strconv.Itoa(action.Epoch)
			annotations[v1alpha1.AnnotationSupersededBy] = action.By
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// switchEpoch gives the cluster up that lived on the old volumes. No pod of it runs.
func (a *Actor) switchEpoch(ctx context.Context, s *Situation, action plan.SwitchEpoch) error {
	if !givesUp(s.Cluster) || resource.Epoch(s.Cluster) != action.From || int(s.Cluster.Status.Restore.Epoch) != action.To {
		return fmt.Errorf("no restore raises the epoch")
	}
	if err := a.noPods(ctx, s); err != nil {
		return err
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Epoch = int32(action.To) //nolint:gosec // one more with each restore
		status.ClusterID, status.Birth, status.Joining = "", nil, nil
	})
}

// noPods fails while a pod of the cluster is there.
func (a *Actor) noPods(ctx context.Context, s *Situation) error {
	pods := &corev1.PodList{}
	if err := a.Live.List(ctx, pods, client.InNamespace(s.Cluster.Namespace), client.MatchingLabels(resource.Selector(s.Cluster.Name))); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	if len(pods.Items) > 0 {
		return fmt.Errorf("%w: pod %s is still there", ErrNotYet, pods.Items[0].Name)
	}
	return nil
}

// recordEpoch records what volumes remember.
func (a *Actor) recordEpoch(ctx context.Context, s *Situation, action plan.RecordEpoch) error {
	if s.Cluster.Status.ClusterID != "" || resource.Epoch(s.Cluster) >= action.Epoch {
		return fmt.Errorf("cluster %q at epoch %d is recorded", s.Cluster.Status.ClusterID, resource.Epoch(s.Cluster))
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(claims, func(c corev1.PersistentVolumeClaim) bool {
		formed := c.Annotations[v1alpha1.AnnotationFormed] != "" && resource.EpochOf(s.Cluster.Name, c.Name) == action.Epoch
		return formed || c.Annotations[v1alpha1.AnnotationSuperseded] == strconv.Itoa(action.Epoch)
	}) {
		return fmt.Errorf("no volume remembers epoch %d any more", action.Epoch)
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Epoch = int32(action.Epoch) //nolint:gosec // one more with each restore
		status.Birth, status.Joining = nil, nil
	})
}
