package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
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

	// next decides; nil for plan.Next.
	next    func(plan.Desired, plan.Observation) plan.Decision
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

	seen, err := r.look(ctx, r.Observer, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	switch seen.decision.Reason {
	case plan.ReasonOtherOperator:
		r.standBack(cluster, seen.decision)
		return ctrl.Result{}, nil
	case plan.ReasonDeleting:
		return ctrl.Result{}, nil
	}
	if plan.Live(seen.decision.Action) {
		if seen, err = r.confirm(ctx, seen); err != nil {
			return ctrl.Result{}, err
		}
		if seen == nil {
			return ctrl.Result{RequeueAfter: conflictPause}, nil
		}
	}
	return r.step(ctx, seen)
}

// step does what was decided, if there is anything to do, and shows it.
func (r *EtcdClusterReconciler) step(ctx context.Context, seen *look) (ctrl.Result, error) {
	failure := r.act(ctx, seen.cluster, seen.sight, seen.decision)
	if apierrors.IsConflict(failure) {
		return ctrl.Result{RequeueAfter: conflictPause}, nil
	}
	next := again(seen.decision, seen.sight, r.Observer.Now())
	if apierrors.HasStatusCause(failure, corev1.NamespaceTerminatingCause) {
		return ctrl.Result{}, nil // what is being deleted is never repaired
	}
	if errors.Is(failure, act.ErrNotYet) {
		log.FromContext(ctx).V(1).Info("not yet", "action", seen.decision.Action.String(), "cause", failure.Error())
		seen.decision.Outcome, seen.decision.Message = plan.OutcomeWait, underWay(seen.decision, failure)
		failure, next = nil, notYetPause
	}
	if err := r.publish(ctx, seen.cluster, seen.sight, seen.decision, failure); err != nil {
		return ctrl.Result{}, err
	}
	if failure != nil {
		return ctrl.Result{}, failure
	}
	return ctrl.Result{RequeueAfter: next}, nil
}

// underWay says what an action that is tried again waits for.
func underWay(d plan.Decision, failure error) string {
	_, cause, _ := strings.Cut(failure.Error(), act.ErrNotYet.Error()+": ")
	return fmt.Sprintf("%s Not yet (%s); it is tried again.", d.Message, cause)
}

// act performs the decided action, if there is one, and says so once.
func (r *EtcdClusterReconciler) act(ctx context.Context, cluster *v1alpha1.EtcdCluster, sight *observe.Sight, decision plan.Decision) error {
	if decision.Outcome != plan.OutcomeAct {
		return nil
	}
	situation := &act.Situation{
		Cluster: cluster, Agents: sight.Agents, Pods: sight.Pods, Claims: sight.Claims,
		Wanted: sight.Wanted, Next: sight.Next, PKI: sight.PKI, Etcd: sight.Etcd, From: sight.From, Restore: sight.Restore,
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
	// notYetPause is how long until etcd is asked again for what it refused for
	// now: it wants members to have been connected for five seconds.
	notYetPause = 500 * time.Millisecond
	// soon is the next look after a step was taken.
	soon = time.Millisecond
	// How often agents and etcd are asked: while a cluster is born, while a member
	// comes or goes beside others that serve and want the processors too, while
	// something is awaited, while a person is, and at rest.
	briskly   = 50 * time.Millisecond
	swiftly   = 100 * time.Millisecond
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
		if d.Reason != plan.ReasonPaused && (forming(sight) || leaving(sight)) {
			next = swiftly
			if sight.Observation.Record.ClusterID == 0 {
				next = briskly
			}
		}
	}
	if sight.Restore != nil {
		next = min(next, patiently) // what it waits for may be no object of the cluster
	}
	if !sight.Expires.IsZero() {
		next = min(next, max(sight.Expires.Sub(now), steadily))
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

// leaving reports whether clients are being sent away from a member: they are
// meant to notice nothing, and somebody waits for them.
func leaving(sight *observe.Sight) bool {
	return slices.ContainsFunc(sight.Observation.Members, func(m plan.Member) bool { return m.Clients == plan.ClientsLeaving })
}
