package status

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// DrillView is all that the status of a schedule's drills is made of.
type DrillView struct {
	Observation drill.Observation
	Terms       schedule.Terms
	Decision    drill.Decision
	// Made is what was done just now; its Action is None when nothing was.
	Made drill.Decision
}

// maxDrillMessage is what the API server takes.
const maxDrillMessage = 2048

// show fills in what is known of drills.
func (v DrillView) show(out *v1alpha1.EtcdBackupScheduleStatus, now metav1.Time) {
	o := v.Observation
	out.NextDrillTime, out.DrillTerms, out.Drill = moment(v.Decision.Next), nil, nil
	if o.Asked {
		out.DrillTerms = &v1alpha1.ScheduleTerms{Slots: v.Terms.Slots, Suspended: v.Terms.Suspended, Since: moment(v.Terms.Since)}
	}
	switch {
	case o.Current != nil && o.Current.Name != o.Ended:
		out.Drill = run(o.Current.Begun)
	case o.Begun != nil && o.Asked:
		out.Drill = run(*o.Begun)
	}
	if v.Made.Action != drill.Record {
		return
	}
	end := v.Made.Outcome
	out.LastDrill = &v1alpha1.BackupDrillEnd{
		BackupDrillRun: *run(end.Begun), CompletedAt: now,
		Result: v1alpha1.DrillResult(end.Result), Message: clip(end.Message, maxDrillMessage),
	}
	if end.Took > 0 {
		out.LastDrill.Duration = end.Took.Round(time.Second).String()
	}
}

func run(b drill.Begun) *v1alpha1.BackupDrillRun {
	return &v1alpha1.BackupDrillRun{Name: b.Name, Backup: b.Backup, StartedAt: metav1.NewTime(b.Started)}
}

// drilled says what the last drill showed; before there was one, what is awaited. What
// needs a person is added.
func drilled(last *v1alpha1.BackupDrillEnd, d drill.Decision) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionDrilled, Status: metav1.ConditionUnknown, Reason: string(d.Reason), Message: d.Message}
	if last == nil {
		return c
	}
	c.Status, c.Reason, c.Message = metav1.ConditionFalse, "", last.Message
	switch last.Result {
	case v1alpha1.DrillEqual:
		c.Status, c.Reason = metav1.ConditionTrue, string(drill.ReasonDrillEqual)
	case v1alpha1.DrillDifferent:
		c.Reason = string(drill.ReasonDrillDifferent)
	case v1alpha1.DrillNotComparable:
		c.Status, c.Reason = metav1.ConditionUnknown, string(drill.ReasonDrillNotComparable)
	case v1alpha1.DrillTimedOut:
		c.Reason = string(drill.ReasonDrillTimedOut)
	default:
		c.Reason = string(drill.ReasonDrillFailed)
	}
	if d.Warn && d.Action == drill.None {
		c.Message += " " + d.Message
	}
	return c
}
