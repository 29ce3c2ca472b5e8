package series

import (
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/snapshot/retention"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// patience is how long the data of a backup may take to be deleted before that
// is told, and another backup is deleted beside it.
const patience = 10 * time.Minute

// Next decides. It is pure: equal arguments, equal decision. What is due is made
// before what is past is deleted, and without a cluster that lives neither: its
// backups are all that is left of it.
func Next(o Observation, now time.Time) Decision {
	c := o.Cluster
	switch {
	case o.Deleting:
		return Decision{}
	case o.Malformed != "":
		return refused(ReasonBadSchedule, "spec.%s. No backup is made until that is mended.", o.Malformed)
	case o.Schedule.Suspended:
		d := refused(ReasonSuspended, "spec.suspend is true: no backup is made, and none deleted. Set it to false to go on.")
		d.Warn = false
		return d
	case !c.Found:
		return refused(ReasonClusterNotFound, "There is no EtcdCluster %q in this namespace: no backup is made, and none deleted. Delete the schedule if it is not wanted any more; its backups stay.", c.Name)
	case !c.Formed:
		return refused(ReasonClusterNotReady, "EtcdCluster %s is not formed yet. Backups are made once it is.", c.Name)
	case c.Hibernated:
		return refused(ReasonClusterNotReady, "EtcdCluster %s is hibernated. Backups are made once spec.hibernated is false.", c.Name)
	}
	d := o.due(now)
	if d.Action == None {
		o.prune(&d, now)
	}
	if d.Action == None {
		o.tidy(&d, now)
	}
	return d
}

// due makes the backup whose time has come.
func (o Observation) due(now time.Time) Decision {
	s := schedule.Next(o.Schedule, schedule.State{Created: o.Created, Since: o.Since, Made: o.Made, Running: o.Running()}, now)
	d := Decision{
		Scheduled: true, Reason: Reason(s.Reason), Message: s.Message, Next: s.NextRun, After: s.After,
		Warn: s.Reason == schedule.ReasonMissed,
	}
	if s.Outcome == schedule.Run {
		d.Action, d.Backup, d.Slot, d.Why, d.Because = Make, s.Name, s.Slot, s.Message, d.Reason
	}
	return d
}

// prune deletes the oldest backup that no rule keeps. One goes at a time, because
// each deletion is a Job; one that does not go holds the others up for a while only.
func (o Observation) prune(d *Decision, now time.Time) {
	for _, b := range o.Backups {
		if b.Leaving.IsZero() {
			continue
		}
		if rest := b.Leaving.Add(patience).Sub(now); rest > 0 {
			d.After = min(d.After, max(rest, time.Second))
			return
		}
		d.Warn = true
		d.Message += fmt.Sprintf(" EtcdBackup %s is being deleted since %s, and its data is not gone yet: see its condition DataDeleted.", b.Name, moment(b.Leaving))
	}
	stay := staying(o.Backups)
	judged := make([]retention.Backup, 0, len(stay))
	retained := map[string]bool{}
	for _, b := range stay {
		judged = append(judged, b.Backup)
		retained[b.Name] = b.Retained
	}
	for _, v := range retention.Judge(judged, o.Policy, now) {
		if !v.Delete || v.Backup.Name == o.Drilled {
			continue
		}
		d.Action, d.Backup, d.Because = Delete, v.Backup.Name, ReasonRetention
		d.Why = fmt.Sprintf("EtcdBackup %s is deleted: %s.", v.Backup.Name, v.Reason)
		if retained[v.Backup.Name] {
			d.Why += " Its deletionPolicy is Retain: the data stays in the store."
		}
	}
}

func refused(reason Reason, format string, args ...any) Decision {
	return Decision{Reason: reason, Message: fmt.Sprintf(format, args...), Warn: true}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }
