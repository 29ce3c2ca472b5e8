package series

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/snapshot/retention"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

const (
	// tolerated is how many runs in a row may bring no proven backup.
	tolerated = 1
	// allowance is how long the run after those may take.
	allowance = time.Hour
	// unattended is how old the last proven backup may be where no schedule makes
	// another.
	unattended = 7 * 24 * time.Hour
)

// HealthState says how backups are.
type HealthState string

// The states.
const (
	// HealthUnknown: nothing is proven, and nothing was to be yet.
	HealthUnknown HealthState = ""
	// HealthRecent: the last backup is proven and recent.
	HealthRecent HealthState = "Recent"
	// HealthFailed: the last backup failed.
	HealthFailed HealthState = "Failed"
	// HealthMissing: the last backup was proven, and is not in the store any more.
	HealthMissing HealthState = "Missing"
	// HealthOverdue: there should be a younger one.
	HealthOverdue HealthState = "Overdue"
	// HealthDrillFailed: there is a proven one, and the last drill failed.
	HealthDrillFailed HealthState = "DrillFailed"
)

// Health is how the backups of a cluster, or of a schedule, are. Its message has
// no age and changes only when something happens.
type Health struct {
	State   HealthState
	Message string
	// Proven is when the data of the newest proven backup was read; zero when none
	// is.
	Proven time.Time
	// Until is when it is overdue if nothing happens; zero: never.
	Until time.Time
}

// Source is one schedule as far as health goes.
type Source struct {
	Name string
	// Idle is why it makes no backup, such as "is suspended"; empty when it does.
	Idle   string
	Slots  schedule.Slots
	Offset time.Duration
	// Since is when its present terms began to hold.
	Since time.Time
	// Next is when it makes the next one; zero when that is not known.
	Next time.Time
	// Drill is what is wrong with its last drill, as sentences; empty when nothing is,
	// or none was made.
	Drill string
}

// overdue is when there should have been a proven backup after another one.
func (s Source) overdue(after time.Time) time.Time {
	if s.Since.After(after) {
		after = s.Since
	}
	for range tolerated + 1 {
		after = s.Slots.Next(after)
	}
	return after.Add(s.Offset + allowance)
}

// HealthOf judges the backups of one cluster, or of one schedule. Where the cluster
// is resting nothing is ever overdue: its data does not change.
func HealthOf(backups []Backup, sources []Source, resting bool, now time.Time) Health {
	backups = staying(backups)
	proven, anyProven := newest(backups, Backup.Proven)
	last, _ := newest(backups, func(b Backup) bool { return b.State == retention.Failed || b.State == retention.Missing || b.Proven() })
	h := Health{}
	if anyProven {
		h.Proven = proven.Created
	}
	late := ""
	if !resting {
		h.Until, late = due(sources, h.Proven)
	}
	switch {
	case last.State == retention.Failed:
		h.State, h.Until = HealthFailed, time.Time{}
		h.Message = fmt.Sprintf("EtcdBackup %s has failed: %s %s", last.Name, cmp.Or(last.Failure, "See its conditions."), lastProven(proven))
	case last.State == retention.Missing:
		h.State, h.Until = HealthMissing, time.Time{}
		h.Message = fmt.Sprintf("EtcdBackup %s is not in the store any more: see its condition Available, and make another. %s", last.Name, lastProven(proven))
	case !h.Until.IsZero() && !now.Before(h.Until):
		h.State, h.Until = HealthOverdue, time.Time{}
		h.Message = fmt.Sprintf("%s %s", lastProven(proven), late)
	case !anyProven:
		h.Message = unknown(backups, sources)
	default:
		h.State = HealthRecent
		h.Message = lastProven(proven) + idle(sources, " Nothing makes another: apply an EtcdBackupSchedule.")
		if i := slices.IndexFunc(sources, func(s Source) bool { return s.Drill != "" }); i >= 0 {
			h.State = HealthDrillFailed
			h.Message = fmt.Sprintf("The last drill of EtcdBackupSchedule %s failed. %s %s", sources[i].Name, sources[i].Drill, h.Message)
		}
	}
	return h
}

// due is when there should be another backup, and what to say of that then.
func due(sources []Source, proven time.Time) (at time.Time, late string) {
	active := false
	for _, s := range sources {
		if s.Idle != "" {
			continue
		}
		active = true
		if until := s.overdue(proven); at.IsZero() || until.Before(at) {
			at = until
			late = fmt.Sprintf("EtcdBackupSchedule %s has missed %d runs: see its conditions, and those of its newest EtcdBackup.", s.Name, tolerated+1)
		}
	}
	if !active && !proven.IsZero() {
		return proven.Add(unattended), "No EtcdBackupSchedule makes another: apply or resume one."
	}
	return at, late
}

// unknown says what is to come.
func unknown(backups []Backup, sources []Source) string {
	if running, ok := newest(backups, func(b Backup) bool { return b.State == retention.Running }); ok {
		return fmt.Sprintf("No backup is proven yet. EtcdBackup %s is under way.", running.Name)
	}
	for _, s := range sources {
		if s.Idle == "" && !s.Next.IsZero() {
			return fmt.Sprintf("No backup is proven yet. EtcdBackupSchedule %s makes one at %s.", s.Name, moment(s.Next))
		}
		if s.Idle == "" {
			return fmt.Sprintf("No backup is proven yet. EtcdBackupSchedule %s makes one.", s.Name)
		}
	}
	return "Nothing backs this cluster up." + idle(sources, " Apply an EtcdBackupSchedule.")
}

// idle says that no schedule makes another, and why those that there are do not.
func idle(sources []Source, none string) string {
	why := ""
	for _, s := range sources {
		if s.Idle == "" {
			return ""
		}
		why += fmt.Sprintf(" EtcdBackupSchedule %s %s.", s.Name, s.Idle)
	}
	return cmp.Or(why, none)
}

func lastProven(b Backup) string {
	if b.Name == "" {
		return "No backup is proven yet."
	}
	return fmt.Sprintf("The last proven backup is EtcdBackup %s of %s.", b.Name, moment(b.Created))
}

// newest is the youngest for which is holds; of one moment, the last by name.
func newest(backups []Backup, is func(Backup) bool) (found Backup, ok bool) {
	those := slices.DeleteFunc(slices.Clone(backups), func(b Backup) bool { return !is(b) })
	if len(those) == 0 {
		return Backup{}, false
	}
	return slices.MaxFunc(those, func(a, b Backup) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name))
	}), true
}
