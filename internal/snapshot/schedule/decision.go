package schedule

import "time"

// Outcome is what to do now.
type Outcome string

// Run: make the backup, or the drill, that Name says. Wait: nothing.
const (
	Run  Outcome = "Run"
	Wait Outcome = "Wait"
)

// Why a Decision is as it is. The first three go with Run.
const (
	// ReasonDue: its time has come.
	ReasonDue = "Due"
	// ReasonFirstRun: the first is made at once.
	ReasonFirstRun = "FirstRun"
	// ReasonCaughtUp: earlier ones were missed.
	ReasonCaughtUp = "CaughtUp"
	// ReasonScheduled: the next one has its time.
	ReasonScheduled = "Scheduled"
	// ReasonSuspended: none is made while the schedule is suspended.
	ReasonSuspended = "Suspended"
	// ReasonStillRunning: one is due and waits for another to end.
	ReasonStillRunning = "StillRunning"
	// ReasonMissed: one could not begin within startingDeadline.
	ReasonMissed = "Missed"
	// ReasonNothingVerified: a drill is due, and there is nothing to try.
	ReasonNothingVerified = "NothingVerified"
)

// Decision is what Next and NextDrill say. Reason and Message change only when
// something happens, never because time passes.
type Decision struct {
	Outcome Outcome
	// Slot is the one that is run, or is due and waits; else zero.
	Slot time.Time
	// Name is what is to be made. If it exists already, the slot was run: it
	// belongs into State.Made. Only with Run.
	Name string
	// Backup is what the drill restores. Only with Run of NextDrill.
	Backup string
	// Missed counts the slots before this one that nothing was made for, up to
	// maxMissed.
	Missed int
	// NextRun is when the next slot's turn is, its jitter included; zero while
	// suspended.
	NextRun time.Time
	// After is when to ask again, at the latest: at NextRun, or in an hour in
	// case the clock is set meanwhile. Zero while suspended: on a change.
	After           time.Duration
	Reason, Message string
}
