package act

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// resize changes how many pods the StatefulSet runs, from the very number that
// was seen.
func (a *Actor) resize(ctx context.Context, s *Situation, action plan.Resize) error {
	var want *appsv1.StatefulSet
	for _, o := range s.Wanted {
		if set, ok := o.(*appsv1.StatefulSet); ok {
			want = resource.WithReplicas(set, int32(action.To)) //nolint:gosec // at most 32
		}
	}
	if want == nil {
		return errors.New("no StatefulSet is wanted")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	if err := a.mayEnd(ctx, s, action); err != nil {
		return err
	}
	live, err := a.liveSet(ctx, s)
	if err != nil {
		return err
	}
	if have := ptr.Deref(live.Spec.Replicas, 1); int(have) != action.From {
		return fmt.Errorf("StatefulSet %s runs %d pods, not %d", live.Name, have, action.From)
	}
	return a.applyUpon(ctx, live, want)
}

// mayEnd fails when a pod that would end is a member's, as the cluster itself
// says. Only all of them end together, when the user asks for that.
func (a *Actor) mayEnd(ctx context.Context, s *Situation, action plan.Resize) error {
	if action.To >= action.From || s.Cluster.Status.ClusterID == "" {
		return nil
	}
	if action.To == 0 && (s.Cluster.Spec.Hibernated || givesUp(s.Cluster)) {
		return nil
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	for n := action.To; n < action.From; n++ {
		if m, ok := members.ByPeerURL(resource.PeerURL(s.Cluster, resource.PodName(s.Cluster.Name, n))); ok {
			return fmt.Errorf("the member list still shows %s of ordinal %d", m.ID, n)
		}
	}
	return nil
}
