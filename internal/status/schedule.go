package status

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// ScheduleView is all that the status of a schedule is made of.
type ScheduleView struct {
	Observation series.Observation
	Health      series.Health
	Terms       schedule.Terms
	Decision    series.Decision
	// Made is what was made just now; its Action is None when nothing was.
	Made series.Decision
	// Backups are the schedule's own.
	Backups  map[string]*v1alpha1.EtcdBackup
	Operator string
	Drill    DrillView
}

// Schedule returns the status of an EtcdBackupSchedule. Times that it has are kept
// when the backups that they are from are gone.
func Schedule(s *v1alpha1.EtcdBackupSchedule, v ScheduleView, now metav1.Time) v1alpha1.EtcdBackupScheduleStatus {
	out := *s.Status.DeepCopy()
	out.ObservedGeneration, out.Operator = s.Generation, v.Operator
	out.Terms = &v1alpha1.ScheduleTerms{Slots: v.Terms.Slots, Suspended: v.Terms.Suspended, Since: moment(v.Terms.Since)}
	out.NextScheduleTime = moment(v.Decision.Next)
	out.Active = v.Observation.Running()
	slices.Sort(out.Active)
	out.Active = out.Active[:min(len(out.Active), maxActive)]
	remember(s, v.Backups, &out)
	if v.Made.Action == series.Make {
		out.LastScheduleTime, out.LastBackup = moment(v.Made.Slot), v.Made.Backup
	}
	if v.Made.Action == series.Record {
		out.LastTidied = moment(v.Observation.Look.Began)
		tidy := metav1.Condition{
			Type: v1alpha1.ConditionTidy, Status: metav1.ConditionFalse, Reason: string(v.Made.Because), Message: clip(v.Made.Why, maxMessage),
			ObservedGeneration: s.Generation, LastTransitionTime: now,
		}
		if v.Made.Because == series.ReasonTidied {
			tidy.Status = metav1.ConditionTrue
		}
		meta.SetStatusCondition(&out.Conditions, tidy)
	}
	for _, b := range v.Backups {
		if at := b.Status.CompletedAt; at != nil && (out.LastSuccessfulTime == nil || at.After(out.LastSuccessfulTime.Time)) {
			out.LastSuccessfulTime = at.DeepCopy()
		}
	}
	scheduled := metav1.Condition{Type: v1alpha1.ConditionScheduled, Status: metav1.ConditionFalse, Reason: string(v.Decision.Reason), Message: v.Decision.Message}
	if v.Decision.Scheduled {
		scheduled.Status = metav1.ConditionTrue
	}
	v.Drill.show(&out, now)
	conditions := []metav1.Condition{scheduled, healthy(v1alpha1.ConditionHealthy, v.Health)}
	if v.Drill.Observation.Asked {
		conditions = append(conditions, drilled(out.LastDrill, v.Drill.Decision))
	} else {
		meta.RemoveStatusCondition(&out.Conditions, v1alpha1.ConditionDrilled)
	}
	for _, c := range conditions {
		c.ObservedGeneration, c.LastTransitionTime = s.Generation, now
		c.Message = clip(c.Message, maxMessage)
		meta.SetStatusCondition(&out.Conditions, c)
	}
	return out
}

// remember tells a backup that was made by a pass that could not tell it: it was
// interrupted, or had no reply. Those of a former schedule of the name are not its own.
func remember(s *v1alpha1.EtcdBackupSchedule, backups map[string]*v1alpha1.EtcdBackup, out *v1alpha1.EtcdBackupScheduleStatus) {
	for _, b := range backups {
		slot, ok := schedule.SlotOf(s.Name, b.Name)
		if !ok || b.CreationTimestamp.Before(&s.CreationTimestamp) {
			continue
		}
		if out.LastScheduleTime == nil || slot.After(out.LastScheduleTime.Time) {
			out.LastScheduleTime, out.LastBackup = moment(slot), b.Name
		}
	}
}

// maxActive is how many names the API server takes: a person may label others.
const maxActive = 16

func moment(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	at := metav1.NewTime(t.Truncate(time.Second))
	return &at
}
