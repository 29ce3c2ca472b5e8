package controllers

import (
	"context"
	"fmt"
	"reflect"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
)

// look is what was seen of a cluster, and decided upon it.
type look struct {
	cluster  *v1alpha1.EtcdCluster
	sight    *observe.Sight
	decision plan.Decision
}

func (r *EtcdClusterReconciler) look(ctx context.Context, observer *observe.Observer, cluster *v1alpha1.EtcdCluster) (*look, error) {
	sight, err := observer.Observe(ctx, cluster)
	if err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	next := r.next
	if next == nil {
		next = plan.Next
	}
	return &look{cluster, sight, next(sight.Desired, sight.Observation)}, nil
}

// confirm looks again with the API server itself in place of the cache, and
// returns that look where the very same action is decided, otherwise nil. What
// destroys something, or changes who is a member, never rests on the past.
// observe.Confirming says what is read anew.
func (r *EtcdClusterReconciler) confirm(ctx context.Context, seen *look) (*look, error) {
	live := r.Observer.Confirming()
	cluster := &v1alpha1.EtcdCluster{}
	if err := live.Live.Get(ctx, client.ObjectKeyFromObject(seen.cluster), cluster); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	now, err := r.look(ctx, live, cluster)
	if err != nil || !reflect.DeepEqual(now.decision.Action, seen.decision.Action) {
		return nil, err
	}
	return now, nil
}
