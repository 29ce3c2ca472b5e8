package controllers

import (
	"context"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/resource"
)

// concurrency is how many clusters are reconciled at once. A reconcile mostly
// waits for its members, each call bounded.
const concurrency = 32

// Cordoned are the only nodes that are ever cached: few, or none.
var Cordoned = fields.OneTermEqualSelector("spec.unschedulable", "true")

// Cache restricts the caches to what Quorate made: a large cluster's pods are
// none of our business. Secrets are never cached.
func Cache(namespaces []string) cache.Options {
	mine := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{resource.ManagedByLabel: resource.ManagedByValue})}
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&appsv1.StatefulSet{}:           mine,
			&batchv1.Job{}:                  mine,
			&corev1.Service{}:               mine,
			&policyv1.PodDisruptionBudget{}: mine,
			&networkingv1.NetworkPolicy{}:   mine,
			&corev1.Pod{}:                   mine,
			&corev1.PersistentVolumeClaim{}: mine,
			&discoveryv1.EndpointSlice{}:    mine, // they bear the labels of their Service
			&corev1.Node{}:                  {Field: Cordoned},
		},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, n := range namespaces {
			options.DefaultNamespaces[n] = cache.Config{}
		}
	}
	return options
}

// SetupWithManager registers the reconciler and what it watches.
func (r *EtcdClusterReconciler) SetupWithManager(mgr ctrl.Manager) error {
	toCluster := named(v1alpha1.LabelCluster)
	watching := ctrl.NewControllerManagedBy(mgr)
	if r.Observer.Cordoned != nil {
		watching.Watches(&corev1.Node{}, handler.EnqueueRequestsFromMapFunc(r.onNode))
	}
	return watching.
		For(&v1alpha1.EtcdCluster{}, builder.WithPredicates(othersChange())).
		Owns(&appsv1.StatefulSet{}).
		Owns(&corev1.Service{}).
		Owns(&policyv1.PodDisruptionBudget{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Watches(&corev1.Pod{}, toCluster).
		Watches(&corev1.PersistentVolumeClaim{}, toCluster).
		Watches(&discoveryv1.EndpointSlice{}, toCluster).
		Watches(&batchv1.Job{}, toCluster).
		Watches(&v1alpha1.EtcdRestore{}, handler.EnqueueRequestsFromMapFunc(backedUp), builder.WithPredicates(restoreChange())).
		Watches(&v1alpha1.EtcdBackup{}, handler.EnqueueRequestsFromMapFunc(backedUp), builder.WithPredicates(outcomeChange())).
		Watches(&v1alpha1.EtcdBackupSchedule{}, handler.EnqueueRequestsFromMapFunc(backedUp), builder.WithPredicates(outcomeChange())).
		WithOptions(limits()).
		Complete(r)
}

// limits are those of every controller.
func limits() controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrency,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](conflictPause, calmly),
	}
}

// named enqueues the object in the same namespace that a label names.
func named(label string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		name := o.GetLabels()[label]
		if name == "" {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
	})
}

// backedUp is the cluster of a backup, a schedule or a restore.
func backedUp(_ context.Context, o client.Object) []reconcile.Request {
	name := ""
	switch o := o.(type) {
	case *v1alpha1.EtcdBackup:
		name = o.Spec.ClusterName
	case *v1alpha1.EtcdBackupSchedule:
		name = o.Spec.ClusterName
	case *v1alpha1.EtcdRestore:
		name = o.Spec.ClusterName
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// outcomeChange passes what decides how healthy a cluster's backups are.
func outcomeChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		switch is := e.ObjectNew.(type) {
		case *v1alpha1.EtcdBackup:
			was, ok := e.ObjectOld.(*v1alpha1.EtcdBackup)
			return !ok || was.UID != is.UID || was.DeletionTimestamp.IsZero() != is.DeletionTimestamp.IsZero() ||
				!equality.Semantic.DeepEqual(was.Status.Conditions, is.Status.Conditions)
		case *v1alpha1.EtcdBackupSchedule:
			was, ok := e.ObjectOld.(*v1alpha1.EtcdBackupSchedule)
			return !ok || was.UID != is.UID || was.Generation != is.Generation ||
				!was.Status.NextScheduleTime.Equal(is.Status.NextScheduleTime) ||
				!equality.Semantic.DeepEqual(was.Status.LastDrill, is.Status.LastDrill)
		}
		return true
	}}
}

// onNode are the clusters that have a member on a node.
func (r *EtcdClusterReconciler) onNode(ctx context.Context, node client.Object) []reconcile.Request {
	pods := &corev1.PodList{}
	if err := r.Client.List(ctx, pods); err != nil {
		log.FromContext(ctx).Error(err, "list the pods on a node", "node", node.GetName())
		return nil
	}
	var requests []reconcile.Request
	for i := range pods.Items {
		p := &pods.Items[i]
		if name := p.Labels[v1alpha1.LabelCluster]; name != "" && p.Spec.NodeName == node.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: p.Namespace, Name: name}})
		}
	}
	return requests
}

// othersChange passes what somebody else changed on an EtcdCluster. Our own
// records would wake us at once, and an action that fails for good would be
// tried without a pause.
func othersChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok1 := e.ObjectOld.(*v1alpha1.EtcdCluster)
		is, ok2 := e.ObjectNew.(*v1alpha1.EtcdCluster)
		return !ok1 || !ok2 || was.UID != is.UID || was.Generation != is.Generation ||
			was.DeletionTimestamp.IsZero() != is.DeletionTimestamp.IsZero() ||
			was.Status.Operator != is.Status.Operator || !maps.Equal(was.Annotations, is.Annotations)
	}}
}

// quorumChange passes what decides whether a cluster can be backed up.
func quorumChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok1 := e.ObjectOld.(*v1alpha1.EtcdCluster)
		is, ok2 := e.ObjectNew.(*v1alpha1.EtcdCluster)
		return !ok1 || !ok2 || was.Generation != is.Generation || was.UID != is.UID ||
			was.Status.ClusterID != is.Status.ClusterID || was.Status.Operator != is.Status.Operator ||
			meta.IsStatusConditionTrue(was.Status.Conditions, v1alpha1.ConditionQuorate) != meta.IsStatusConditionTrue(is.Status.Conditions, v1alpha1.ConditionQuorate)
	}}
}

// specChange passes a changed spec, and another object of the name: the generation of
// one that was deleted and made again while nobody watched is 1 as before.
func specChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || e.ObjectOld.GetUID() != e.ObjectNew.GetUID()
	}}
}
