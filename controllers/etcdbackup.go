package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/status"
)

// EtcdBackupReconciler reconciles EtcdBackups.
type EtcdBackupReconciler struct {
	Client   client.Client
	Observer *observe.Observer
	Actor    *act.Actor
	Recorder events.EventRecorder
}

// Reconcile looks at one backup and takes at most one step.
func (r *EtcdBackupReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	b := &v1alpha1.EtcdBackup{}
	if err := r.Client.Get(ctx, req.NamespacedName, b); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	sight, err := r.Observer.Backup(ctx, b)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("observe: %w", err)
	}
	if !r.ours(b, sight) {
		return ctrl.Result{}, nil
	}
	decision := backup.Next(sight.Observation)
	failure := r.act(ctx, b, sight, decision)
	switch {
	case apierrors.IsConflict(failure), errors.Is(failure, act.ErrNotYet):
		return ctrl.Result{RequeueAfter: notYetPause}, nil
	case apierrors.HasStatusCause(failure, corev1.NamespaceTerminatingCause):
		// Nothing can be created any more: the data stays, rather than the namespace.
		decision = backup.Unerasable(sight.Observation)
		failure = r.act(ctx, b, sight, decision)
	}
	if failure != nil {
		return ctrl.Result{}, failure
	}
	if err := r.publish(ctx, b, sight, decision); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: r.again(decision)}, nil
}

// ours reports whether this operator acts on a backup: it is the one that acts on
// the cluster or, where there is none any more, that has begun it.
func (r *EtcdBackupReconciler) ours(b *v1alpha1.EtcdBackup, s *observe.BackupSight) bool {
	charge := b.Status.Operator
	if s.Cluster != nil {
		charge = s.Cluster.Status.Operator
	}
	return charge == r.Observer.Self || s.Cluster == nil && charge == ""
}

func (r *EtcdBackupReconciler) act(ctx context.Context, b *v1alpha1.EtcdBackup, s *observe.BackupSight, d backup.Decision) error {
	if d.Action == backup.None {
		return nil
	}
	images := resource.BackupImages{Backup: r.Actor.BackupImage}
	if s.Cluster != nil {
		images.Member = r.Observer.Renderer.Image(cmp.Or(s.Cluster.Status.Version, s.Cluster.Spec.Version))
	}
	err := r.Actor.Backup(ctx, &act.BackupSituation{Backup: b, Cluster: s.Cluster, Saving: s.Saving, Images: images}, d.Action)
	if err != nil {
		return err
	}
	level := eventNormal
	if d.Warn {
		level = eventWarning
	}
	log.FromContext(ctx).Info(d.Message, "action", d.Action, "reason", d.Reason)
	r.Recorder.Eventf(b, nil, level, string(d.Reason), string(d.Action), "%s", note(d.Message))
	return nil
}

// publish applies the status where it differs, and tells how a backup has ended.
func (r *EtcdBackupReconciler) publish(ctx context.Context, b *v1alpha1.EtcdBackup, s *observe.BackupSight, d backup.Decision) error {
	var began metav1.Time
	if s.Saving != nil {
		began = s.Saving.CreationTimestamp
	}
	now := metav1.NewTime(r.Observer.Now().Truncate(time.Second))
	want := status.Backup(b, s.Observation, d, r.Observer.Self, began, now)
	if equality.Semantic.DeepEqual(b.Status, want) || d.Action == backup.Release && b.DeletionTimestamp != nil {
		return nil
	}
	patch, err := statusPatch(v1alpha1.KindEtcdBackup, b, want)
	if err != nil {
		return err
	}
	err = r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(statusManager), client.ForceOwnership)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("apply status: %w", err)
	}
	if d.Outcome != "" && s.Observation.Outcome == "" {
		level := eventNormal
		if d.Outcome == backup.OutcomeFailed {
			level = eventWarning
		}
		log.FromContext(ctx).Info(d.Message, "reason", d.Reason, "outcome", d.Outcome)
		r.Recorder.Eventf(b, nil, level, string(d.Reason), string(d.Outcome), "%s", note(d.Message))
	}
	return nil
}

// again says when to look next: Jobs and clusters are watched, Secrets and what
// hinders a pod are not.
func (r *EtcdBackupReconciler) again(d backup.Decision) time.Duration {
	switch {
	case d.Reason == "" || d.Outcome != "" || d.Action == backup.Release:
		return 0
	case d.Reason == backup.ReasonRunning || d.Reason == backup.ReasonPodTrouble:
		return patiently
	}
	return calmly
}

// backupsOf are the backups of a cluster that have not come to their end.
func (r *EtcdBackupReconciler) backupsOf(ctx context.Context, cluster client.Object) []ctrl.Request {
	list := &v1alpha1.EtcdBackupList{}
	if err := r.Client.List(ctx, list, client.InNamespace(cluster.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "list the backups of a cluster", "cluster", cluster.GetName())
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		b := &list.Items[i]
		if b.Spec.ClusterName == cluster.GetName() && b.Status.CompletedAt == nil {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(b)})
		}
	}
	return requests
}

// SetupWithManager registers the reconciler and what it watches.
func (r *EtcdBackupReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.EtcdBackup{}).
		Owns(&batchv1.Job{}).
		Watches(&corev1.Pod{}, named(v1alpha1.LabelBackup)).
		Watches(&v1alpha1.EtcdCluster{}, handler.EnqueueRequestsFromMapFunc(r.backupsOf), builder.WithPredicates(quorumChange())).
		WithOptions(limits()).
		Complete(r)
}
