package series

import "time"

// Action is what is to be done.
type Action string

// The actions; at most one is taken at a time.
const (
	// None: nothing.
	None Action = ""
	// Make creates the EtcdBackup of a slot.
	Make Action = "Make"
	// Delete deletes an EtcdBackup that no rule keeps.
	Delete Action = "Delete"
	// Tidy has the store looked through.
	Tidy Action = "Tidy"
	// Mark says on an EtcdBackup that it is missing in the store, or is there again.
	Mark Action = "Mark"
	// Record remembers what the look has found; it is the status alone.
	Record Action = "Record"
)

// Reason says in one word whether backups are made, or why not. Those of
// schedule.Decision are used besides these.
type Reason string

// The reasons why no backup is made.
const (
	ReasonBadSchedule     Reason = "BadSchedule"
	ReasonSuspended       Reason = "Suspended"
	ReasonClusterNotFound Reason = "ClusterNotFound"
	ReasonClusterNotReady Reason = "ClusterNotReady"
)

// ReasonRetention goes with the deletion of a backup.
const ReasonRetention Reason = "Retention"

// What goes with the steps of a look through the store.
const (
	ReasonTidying        Reason = "Tidying"
	ReasonTidied         Reason = "Tidied"
	ReasonTidyFailed     Reason = "TidyFailed"
	ReasonMissingInStore Reason = "MissingInStore"
	ReasonInStore        Reason = "InStore"
)

// Decision is what is to be done, and what is to be shown.
type Decision struct {
	Action Action
	// Backup is the one to make, to delete or to mark, Slot what it is made for; Why
	// says it to a person, and because of what in one word. Only with an Action.
	Backup  string
	Slot    time.Time
	Why     string
	Because Reason

	// Scheduled: backups are made at their times. Reason and Message say more, and
	// change only when something happens, never because time passes.
	Scheduled bool
	Reason    Reason
	Message   string
	// Warn: a person should look.
	Warn bool
	// Next is when the next backup begins; zero when none will.
	Next time.Time
	// After is when to look again, at the latest; zero: on a change.
	After time.Duration
}
