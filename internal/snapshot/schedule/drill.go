package schedule

import (
	"cmp"
	"time"
)

// Drill is what is asked for: the newest verified backup is restored into a
// throw-away cluster in each slot.
type Drill struct {
	// Schedule and UID are the EtcdBackupSchedule's.
	Schedule, UID string
	// Slots are a Cron or an Interval. With an Interval from when the schedule
	// was created, the first drill is made as soon as there is a backup to try.
	Slots     Slots
	Suspended bool
	// Jitter is over how long schedules with the same slots are spread.
	Jitter time.Duration
}

// Backup is one of the schedule's.
type Backup struct {
	Name    string
	Created time.Time
	// Verified says that it is complete and was proven, by whatever means.
	Verified bool
}

// NextDrill decides whether a drill is to be made now, and of which backup.
// State is that of drills. A slot that has nothing to try stays due: the drill
// is made, once, when something is verified.
func NextDrill(drill Drill, state State, backups []Backup, now time.Time) Decision {
	_, regular := drill.Slots.(Interval)
	d := next(Spec{
		Schedule: drill.Schedule, UID: drill.UID, Slots: drill.Slots,
		Suspended: drill.Suspended, Immediate: regular, Jitter: drill.Jitter,
	}, state, now, kind{noun: "drill", name: DrillName})
	if d.Outcome != Run {
		return d
	}
	d.Backup = newest(backups)
	if d.Backup == "" {
		d.Outcome, d.Name, d.Reason = Wait, "", ReasonNothingVerified
		d.Message = "A drill is due, and there is no verified backup of this schedule to try. It is made when there is one."
	}
	return d
}

// newest is the name of the newest verified backup; of one moment, the last by
// name, so that the order in which they are listed decides nothing.
func newest(backups []Backup) string {
	var found Backup
	for _, b := range backups {
		if b.Verified && cmp.Or(b.Created.Compare(found.Created), cmp.Compare(b.Name, found.Name)) > 0 {
			found = b
		}
	}
	return found.Name
}
