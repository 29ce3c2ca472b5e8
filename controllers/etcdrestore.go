package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/status"
)

// EtcdRestoreReconciler shows how far EtcdRestores are. It carries none out: what
// changes a cluster is decided and done by the EtcdCluster's own reconciler, so that
// only one thing happens to it at a time.
type EtcdRestoreReconciler struct {
	Client   client.Client
	Observer *observe.Observer
	Recorder events.EventRecorder
}

// Reconcile shows one EtcdRestore.
func (r *EtcdRestoreReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	restore := &v1alpha1.EtcdRestore{}
	if err := r.Client.Get(ctx, req.NamespacedName, restore); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if restore.DeletionTimestamp != nil || meta.IsStatusConditionTrue(restore.Status.Conditions, v1alpha1.ConditionComplete) {
		return ctrl.Result{}, nil
	}
	cluster := &v1alpha1.EtcdCluster{}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: restore.Namespace, Name: restore.Spec.ClusterName}, cluster)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return ctrl.Result{}, fmt.Errorf("read EtcdCluster %s: %w", restore.Spec.ClusterName, err)
	case err != nil:
		standing := plan.Standing{Blocked: true, Reason: plan.ReasonClusterNotFound, Message: fmt.Sprintf("There is no EtcdCluster %q in this namespace. For a new one use spec.bootstrap.restore.", restore.Spec.ClusterName)}
		return ctrl.Result{}, r.publish(ctx, restore, nil, standing)
	case cluster.Status.Operator != r.Observer.Self || cluster.DeletionTimestamp != nil:
		return ctrl.Result{}, nil
	}
	standing, again, err := r.standing(ctx, restore, cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: again}, r.publish(ctx, restore, cluster, standing)
}

// standing observes the cluster as its own reconciler does, and when to look again.
func (r *EtcdRestoreReconciler) standing(ctx context.Context, restore *v1alpha1.EtcdRestore, cluster *v1alpha1.EtcdCluster) (plan.Standing, time.Duration, error) {
	sight, err := r.Observer.Observe(ctx, cluster)
	if err != nil {
		return plan.Standing{}, 0, fmt.Errorf("observe: %w", err)
	}
	if restore.Spec.DryRun {
		if sight.Observation.Request, _, err = r.Observer.Request(ctx, cluster, restore); err != nil {
			return plan.Standing{}, 0, err
		}
		return plan.Preview(sight.Desired, sight.Observation), calmly, nil
	}
	if record := cluster.Status.Restore; record != nil && record.UID == string(restore.UID) && record.CompletedAt != nil {
		return plan.Done(), 0, nil
	}
	if sight.Restore == nil || sight.Restore.UID != restore.UID {
		return plan.Standing{Reason: plan.ReasonNextUp, Message: fmt.Sprintf("EtcdRestore %s of this cluster goes first.", first(sight, cluster))}, patiently, nil
	}
	standing := plan.StandingOf(sight.Desired, sight.Observation, plan.Next(sight.Desired, sight.Observation))
	if standing.Blocked {
		return standing, patiently, nil
	}
	return standing, steadily, nil
}

func first(sight *observe.Sight, cluster *v1alpha1.EtcdCluster) string {
	if sight.Restore != nil {
		return sight.Restore.Name
	}
	if record := cluster.Status.Restore; record != nil {
		return record.Name
	}
	return "another"
}

// publish applies the status where it differs.
func (r *EtcdRestoreReconciler) publish(ctx context.Context, restore *v1alpha1.EtcdRestore, cluster *v1alpha1.EtcdCluster, standing plan.Standing) error {
	want := status.Restore(restore, cluster, standing, metav1.NewTime(r.Observer.Now().Truncate(time.Second)))
	if equality.Semantic.DeepEqual(restore.Status, want) {
		return nil
	}
	patch, err := statusPatch(v1alpha1.KindEtcdRestore, restore, want)
	if err != nil {
		return err
	}
	err = r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(statusManager), client.ForceOwnership)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("apply status: %w", err)
	}
	was := meta.FindStatusCondition(restore.Status.Conditions, v1alpha1.ConditionComplete)
	if was == nil || was.Reason != string(standing.Reason) {
		level := eventNormal
		if standing.Blocked {
			level = eventWarning
		}
		log.FromContext(ctx).Info(standing.Message, "condition", v1alpha1.ConditionComplete, "reason", standing.Reason)
		var about runtime.Object
		if cluster != nil {
			about = cluster
		}
		r.Recorder.Eventf(restore, about, level, string(standing.Reason), "Restore", "%s", note(standing.Message))
	}
	return nil
}

// restoresOf are the EtcdRestores of a cluster.
func (r *EtcdRestoreReconciler) restoresOf(ctx context.Context, cluster client.Object) []ctrl.Request {
	list := &v1alpha1.EtcdRestoreList{}
	if err := r.Client.List(ctx, list, client.InNamespace(cluster.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "list the restores of a cluster", "cluster", cluster.GetName())
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if list.Items[i].Spec.ClusterName == cluster.GetName() {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return requests
}

// SetupWithManager registers the reconciler and what it watches.
func (r *EtcdRestoreReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.EtcdRestore{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.EtcdCluster{}, handler.EnqueueRequestsFromMapFunc(r.restoresOf), builder.WithPredicates(recordChange())).
		WithOptions(limits()).
		Complete(r)
}

// recordChange passes what an EtcdRestore's status is made of.
func recordChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok1 := e.ObjectOld.(*v1alpha1.EtcdCluster)
		is, ok2 := e.ObjectNew.(*v1alpha1.EtcdCluster)
		return !ok1 || !ok2 || was.UID != is.UID || was.Status.Operator != is.Status.Operator ||
			!equality.Semantic.DeepEqual(was.Status.Restore, is.Status.Restore) || !equality.Semantic.DeepEqual(was.Status.Conditions, is.Status.Conditions)
	}}
}

// restoreChange passes what a cluster has to know of its EtcdRestores.
func restoreChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, is := e.ObjectOld, e.ObjectNew
		before, ok1 := was.(*v1alpha1.EtcdRestore)
		after, ok2 := is.(*v1alpha1.EtcdRestore)
		return !ok1 || !ok2 || was.GetUID() != is.GetUID() || was.GetGeneration() != is.GetGeneration() ||
			was.GetDeletionTimestamp().IsZero() != is.GetDeletionTimestamp().IsZero() ||
			meta.IsStatusConditionTrue(before.Status.Conditions, v1alpha1.ConditionComplete) != meta.IsStatusConditionTrue(after.Status.Conditions, v1alpha1.ConditionComplete)
	}}
}
