package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/status"
)

// EtcdBackupScheduleReconciler reconciles EtcdBackupSchedules.
type EtcdBackupScheduleReconciler struct {
	Client   client.Client
	Observer *observe.Observer
	Actor    *act.Actor
	Recorder events.EventRecorder
}

// scheduleLook is what was seen of a schedule, and decided upon it.
type scheduleLook struct {
	schedule *v1alpha1.EtcdBackupSchedule
	sight    *observe.ScheduleSight
	decision series.Decision
	drills   *observe.DrillSight
	drill    drill.Decision
}

// acts reports whether anything is to be done.
func (l *scheduleLook) acts() bool {
	return l.decision.Action != series.None || l.drill.Action != drill.None
}

// Reconcile looks at one schedule and takes at most one step.
func (r *EtcdBackupScheduleReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	s := &v1alpha1.EtcdBackupSchedule{}
	if err := r.Client.Get(ctx, req.NamespacedName, s); err != nil {
		if apierrors.IsNotFound(err) {
			forgetDrillMetrics(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	seen, err := r.look(ctx, r.Observer, s)
	if err != nil {
		return ctrl.Result{}, err
	}
	if s.DeletionTimestamp != nil || !r.ours(seen) {
		return ctrl.Result{}, nil // its backups stay
	}
	if seen.acts() {
		if seen, err = r.confirm(ctx, seen); err != nil {
			return ctrl.Result{}, err
		}
		if seen == nil {
			return ctrl.Result{RequeueAfter: conflictPause}, nil
		}
	}
	made, drilled := seen.decision, seen.drill
	failure := r.act(ctx, seen)
	if made.Action != series.None {
		drilled = drill.Decision{} // one change in each pass
	} else if failure == nil {
		failure = r.actDrill(ctx, seen)
	}
	switch {
	case apierrors.IsConflict(failure), errors.Is(failure, act.ErrNotYet):
		return ctrl.Result{RequeueAfter: notYetPause}, nil
	case apierrors.HasStatusCause(failure, corev1.NamespaceTerminatingCause):
		return ctrl.Result{}, nil // nothing can be made any more
	case failure != nil:
		return ctrl.Result{}, failure
	}
	// What was made belongs to what is shown: so a run costs one write of the status.
	now := r.Observer.Now()
	seen.sight.With(made, now)
	shown := series.Next(seen.sight.Observation, now)
	health := seen.sight.Health(shown.Next, now)
	drills := r.drillView(seen, drilled, now)
	if err := r.publish(ctx, seen, made, shown, health, drills); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: sooner(untilNext(shown, health, now), untilDrill(drills))}, nil
}

func (r *EtcdBackupScheduleReconciler) look(ctx context.Context, observer *observe.Observer, s *v1alpha1.EtcdBackupSchedule) (*scheduleLook, error) {
	sight, err := observer.Schedule(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	drills, err := observer.Drill(ctx, s, sight)
	if err != nil {
		return nil, fmt.Errorf("observe drills: %w", err)
	}
	if run := drills.Observation.Current; run != nil {
		sight.Observation.Drilled = run.Backup
	}
	now := observer.Now()
	return &scheduleLook{s, sight, series.Next(sight.Observation, now), drills, drill.Next(drills.Observation, now)}, nil
}

// confirm looks again with the API server itself in place of the cache, and returns
// that look where the very same step is decided, otherwise nil: no backup is deleted,
// and none made, on the past.
func (r *EtcdBackupScheduleReconciler) confirm(ctx context.Context, seen *scheduleLook) (*scheduleLook, error) {
	live := r.Observer.Confirming()
	s := &v1alpha1.EtcdBackupSchedule{}
	if err := live.Live.Get(ctx, client.ObjectKeyFromObject(seen.schedule), s); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	now, err := r.look(ctx, live, s)
	if err != nil || !r.ours(now) || s.UID != seen.schedule.UID ||
		now.decision.Action != seen.decision.Action || now.decision.Backup != seen.decision.Backup || !sameDrill(now.drill, seen.drill) {
		return nil, err
	}
	return now, nil
}

// ours reports whether this operator acts on a schedule: it is the one that acts on
// the cluster or, where there is none, that has acted on the schedule.
func (r *EtcdBackupScheduleReconciler) ours(seen *scheduleLook) bool {
	charge := seen.schedule.Status.Operator
	if seen.sight.Cluster != nil {
		charge = seen.sight.Cluster.Status.Operator
	}
	return charge == r.Observer.Self || seen.sight.Cluster == nil && charge == ""
}

func (r *EtcdBackupScheduleReconciler) act(ctx context.Context, seen *scheduleLook) error {
	d := seen.decision
	if d.Action == series.None {
		return nil
	}
	if err := r.Actor.Schedule(ctx, &act.ScheduleSituation{Schedule: seen.schedule, Backups: seen.sight.Backups, Tidying: seen.sight.Tidying}, d); err != nil {
		return fmt.Errorf("%s: %w", d.Action, err)
	}
	log.FromContext(ctx).Info(d.Why, "action", d.Action, "backup", d.Backup, "reason", d.Because)
	level := eventNormal
	if d.Because == series.ReasonMissingInStore || d.Because == series.ReasonTidyFailed {
		level = eventWarning
	}
	if d.Backup == "" {
		r.Recorder.Eventf(seen.schedule, nil, level, string(d.Because), string(d.Action), "%s", note(d.Why))
		return nil
	}
	about := &v1alpha1.EtcdBackup{}
	about.Namespace, about.Name = seen.schedule.Namespace, d.Backup
	r.Recorder.Eventf(seen.schedule, about, level, string(d.Because), string(d.Action), "%s", note(d.Why))
	return nil
}

// publish applies the status where it differs.
func (r *EtcdBackupScheduleReconciler) publish(ctx context.Context, seen *scheduleLook, made, shown series.Decision, health series.Health, drills status.DrillView) error {
	s := seen.schedule
	want := status.Schedule(s, status.ScheduleView{
		Observation: seen.sight.Observation, Health: health, Terms: seen.sight.Terms,
		Decision: shown, Made: made, Backups: seen.sight.Backups, Operator: r.Observer.Self, Drill: drills,
	}, metav1.NewTime(r.Observer.Now().Truncate(time.Second)))
	setDrillMetrics(client.ObjectKeyFromObject(s), want)
	if equality.Semantic.DeepEqual(s.Status, want) {
		return nil
	}
	patch, err := statusPatch(v1alpha1.KindEtcdBackupSchedule, s, want)
	if err != nil {
		return err
	}
	err = r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(statusManager), client.ForceOwnership)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("apply status: %w", err)
	}
	r.announce(ctx, s, want, shown.Warn)
	return nil
}

// announce tells each change of a condition's reason as one Event: but those of
// runs, which were told as they were made.
func (r *EtcdBackupScheduleReconciler) announce(ctx context.Context, s *v1alpha1.EtcdBackupSchedule, want v1alpha1.EtcdBackupScheduleStatus, warn bool) {
	for _, c := range want.Conditions {
		if c.Type == v1alpha1.ConditionTidy {
			continue // told as it was recorded
		}
		was := meta.FindStatusCondition(s.Status.Conditions, c.Type)
		if was != nil && was.Status == c.Status && was.Reason == c.Reason {
			continue
		}
		level := eventNormal
		if c.Type == v1alpha1.ConditionScheduled && warn || c.Type != v1alpha1.ConditionScheduled && c.Status == metav1.ConditionFalse {
			level = eventWarning
		}
		log.FromContext(ctx).Info(c.Message, "condition", c.Type, "status", c.Status, "reason", c.Reason)
		r.Recorder.Eventf(s, nil, level, c.Reason, c.Type, "%s", note(c.Message))
	}
}

// untilNext says when to look next, should nothing happen: what is made and deleted
// wakes us by itself. Zero: never.
func untilNext(shown series.Decision, health series.Health, now time.Time) time.Duration {
	next := shown.After
	if health.Until.IsZero() {
		return next
	}
	overdue := min(max(health.Until.Sub(now), time.Second), time.Hour)
	if next == 0 || overdue < next {
		return overdue
	}
	return next
}

// schedulesOf are the schedules of a cluster.
func (r *EtcdBackupScheduleReconciler) schedulesOf(ctx context.Context, cluster client.Object) []ctrl.Request {
	list := &v1alpha1.EtcdBackupScheduleList{}
	if err := r.Client.List(ctx, list, client.InNamespace(cluster.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "list the schedules of a cluster", "cluster", cluster.GetName())
		return nil
	}
	var requests []ctrl.Request
	for i := range list.Items {
		if s := &list.Items[i]; s.Spec.ClusterName == cluster.GetName() {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s)})
		}
	}
	return requests
}

// SetupWithManager registers the reconciler and what it watches.
func (r *EtcdBackupScheduleReconciler) SetupWithManager(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.EtcdBackupSchedule{}, builder.WithPredicates(specChange())).
		Owns(&batchv1.Job{}).
		Watches(&corev1.Pod{}, named(v1alpha1.LabelSchedule)).
		Watches(&v1alpha1.EtcdBackup{}, named(v1alpha1.LabelSchedule)).
		Watches(&v1alpha1.EtcdCluster{}, named(v1alpha1.LabelDrill), builder.WithPredicates(drillChange())).
		Watches(&v1alpha1.EtcdCluster{}, handler.EnqueueRequestsFromMapFunc(r.schedulesOf), builder.WithPredicates(quorumChange())).
		WithOptions(limits()).
		Complete(r)
}
