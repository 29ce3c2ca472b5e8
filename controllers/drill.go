package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/status"
)

// sameDrill reports whether two looks decide the very same step.
func sameDrill(a, b drill.Decision) bool {
	return a.Action == b.Action && a.Name == b.Name && a.Backup == b.Backup && a.Outcome.Result == b.Outcome.Result
}

// actDrill takes the step of a drill, if there is one, and tells it once.
func (r *EtcdBackupScheduleReconciler) actDrill(ctx context.Context, seen *scheduleLook) error {
	d := seen.drill
	if d.Action == drill.None {
		return nil
	}
	situation := &act.DrillSituation{Schedule: seen.schedule, Like: seen.sight.Cluster, Drilled: seen.drills.Cluster}
	if err := r.Actor.Drill(ctx, situation, d); err != nil {
		return fmt.Errorf("%s: %w", d.Action, err)
	}
	seen.drills.Cluster = situation.Drilled
	log.FromContext(ctx).Info(d.Why, "action", d.Action, "cluster", d.Name, "backup", d.Backup, "reason", d.Reason)
	if d.Action == drill.Record {
		return nil // the condition tells it
	}
	about := &v1alpha1.EtcdCluster{}
	about.Namespace, about.Name = seen.schedule.Namespace, d.Name
	r.Recorder.Eventf(seen.schedule, about, eventNormal, string(drill.ReasonDrilling), string(d.Action), "%s", note(d.Why))
	return nil
}

// drillView is what is shown of drills once a step was taken.
func (r *EtcdBackupScheduleReconciler) drillView(seen *scheduleLook, made drill.Decision, now time.Time) status.DrillView {
	begun := now
	if c := seen.drills.Cluster; made.Action == drill.Begin && c != nil {
		begun = c.CreationTimestamp.Time
	}
	seen.drills.Observation = seen.drills.Observation.With(made, begun)
	return status.DrillView{
		Observation: seen.drills.Observation, Terms: seen.drills.Terms,
		Decision: drill.Next(seen.drills.Observation, now), Made: made,
	}
}

// untilDrill says when to look next: at once where a step remains to be taken.
func untilDrill(v status.DrillView) time.Duration {
	if v.Decision.Action != drill.None {
		return notYetPause
	}
	return min(v.Decision.After, time.Hour)
}

// sooner is the shorter of two pauses; zero is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// drillChange passes what decides how far a drill is.
func drillChange() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok1 := e.ObjectOld.(*v1alpha1.EtcdCluster)
		is, ok2 := e.ObjectNew.(*v1alpha1.EtcdCluster)
		return !ok1 || !ok2 || was.UID != is.UID || was.DeletionTimestamp.IsZero() != is.DeletionTimestamp.IsZero() ||
			was.Status.ClusterID != is.Status.ClusterID || !equality.Semantic.DeepEqual(was.Status.Conditions, is.Status.Conditions)
	}}
}
