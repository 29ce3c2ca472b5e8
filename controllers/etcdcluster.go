package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
)

// EtcdClusterReconciler reconciles EtcdClusters.
type EtcdClusterReconciler struct {
	Client   client.Client
	Observer *observe.Observer
	Actor    *act.Actor
	Recorder events.EventRecorder

	written latest
	// stoodBack keeps what was said of others' clusters, by UID.
	stoodBack sync.Map
}

// Reconcile looks at one cluster and takes at most one step.
func (r *EtcdClusterReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	cluster := &v1alpha1.EtcdCluster{}
	if err := r.Client.Get(ctx, req.NamespacedName, cluster); err != nil {
		if apierrors.IsNotFound(err) {
			r.gone(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("read EtcdCluster: %w", err)
	}
	cluster = r.written.newer(cluster)

	sight, err := r.Observer.Observe(ctx, cluster)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("observe: %w", err)
	}
	decision := plan.Next(sight.Desired, sight.Observation)
	switch decision.Reason {
	case plan.ReasonOtherOperator:
		r.standBack(cluster, decision)
		return ctrl.Result{}, nil
	case plan.ReasonDeleting:
		return ctrl.Result{}, nil
	}

	failure := r.act(ctx, cluster, sight, decision)
	if apierrors.IsConflict(failure) {
		return ctrl.Result{RequeueAfter: conflictPause}, nil
	}
	if err := r.publish(ctx, cluster, sight, decision, failure); err != nil {
		return ctrl.Result{}, err
	}
	if failure != nil {
		return ctrl.Result{}, failure
	}
	return ctrl.Result{RequeueAfter: again(decision, sight, r.Observer.Now())}, nil
}

// act performs the decided action, if there is one, and says so once.
func (r *EtcdClusterReconciler) act(ctx context.Context, cluster *v1alpha1.EtcdCluster, sight *observe.Sight, decision plan.Decision) error {
	if decision.Outcome != plan.OutcomeAct {
		return nil
	}
	situation := &act.Situation{
		Cluster: cluster, Agents: sight.Agents, Pods: sight.Pods, Claims: sight.Claims,
		Wanted: sight.Wanted, PKI: sight.PKI, Etcd: sight.Etcd,
	}
	err := r.Actor.Do(ctx, situation, decision.Action)
	r.written.remember(cluster)
	if err != nil {
		return err
	}
	log.FromContext(ctx).Info(decision.Message, "rule", decision.Rule, "action", decision.Action.String(), "reason", decision.Reason)
	r.Recorder.Eventf(cluster, related(sight, decision), eventNormal, string(decision.Reason), plan.Name(decision.Action), "%s", note(decision.Message))
	return nil
}

// gone forgets what was kept for a cluster.
func (r *EtcdClusterReconciler) gone(name client.ObjectKey) {
	if uid, ok := r.written.forget(name); ok {
		r.Observer.Etcd.Drop(string(uid))
		r.stoodBack.Delete(uid)
	}
	forgetMetrics(name)
}

const (
	// conflictPause is how long until the cache has probably caught up with
	// the write that a conflict spoke of.
	conflictPause = 20 * time.Millisecond
	// soon is the next look after a step was taken.
	soon = time.Millisecond
	// How often agents and etcd are asked: while a cluster forms, while
	// something is awaited, while a person is, and at rest.
	briskly   = 50 * time.Millisecond
	steadily  = time.Second
	patiently = 3 * time.Second
	calmly    = 10 * time.Second
)

// again says when to look next, should Kubernetes not change before.
func again(d plan.Decision, sight *observe.Sight, now time.Time) time.Duration {
	next := calmly
	switch d.Outcome {
	case plan.OutcomeAct:
		next = soon
	case plan.OutcomeBlocked:
		next = patiently
	case plan.OutcomeWait:
		next = steadily
		if d.Reason != plan.ReasonPaused && forming(sight) {
			next = briskly
		}
	}
	if !sight.NextCheck.IsZero() {
		next = min(next, max(sight.NextCheck.Sub(now), steadily))
	}
	return next
}

// forming reports whether a pod with an address has yet to become a healthy
// member: then a fraction of a second counts.
func forming(sight *observe.Sight) bool {
	for _, m := range sight.Observation.Members {
		if _, reachable := sight.Agents[m.Name]; reachable && m.Trouble == nil && !m.Healthy() {
			return true
		}
	}
	return false
}
