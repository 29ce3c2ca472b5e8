package drill

import "time"

// Action is what is to be done.
type Action string

// The actions; at most one is taken at a time.
const (
	// None: nothing.
	None Action = ""
	// Begin creates the throw-away cluster of a drill.
	Begin Action = "BeginDrill"
	// Record writes down what a drill showed.
	Record Action = "RecordDrill"
	// Remove deletes the throw-away cluster of a drill.
	Remove Action = "RemoveDrill"
)

// Reason says in one word what is with drills. Those of schedule.Decision are used
// besides these.
type Reason string

// The reasons.
const (
	// ReasonDrilling: a drill is under way.
	ReasonDrilling Reason = "Drilling"
	// ReasonDrillEqual: the last drill gave a cluster with the data that was backed
	// up.
	ReasonDrillEqual Reason = "DrillEqual"
	// ReasonDrillDifferent: it gave one with other data.
	ReasonDrillDifferent Reason = "DrillDifferent"
	// ReasonDrillNotComparable: it gave one, and there is nothing to compare with.
	ReasonDrillNotComparable Reason = "DrillNotComparable"
	// ReasonDrillFailed: it gave none.
	ReasonDrillFailed Reason = "DrillFailed"
	// ReasonDrillTimedOut: it gave none in time.
	ReasonDrillTimedOut Reason = "DrillTimedOut"
	// ReasonDrillNameTaken: there is an EtcdCluster of the drill's name.
	ReasonDrillNameTaken Reason = "DrillNameTaken"
	// ReasonBadDrill: what is asked for cannot be used.
	ReasonBadDrill Reason = "BadDrill"
	// ReasonNoCluster: the cluster that is backed up is gone, and with it what a
	// throw-away cluster is modelled on.
	ReasonNoCluster Reason = "ClusterNotFound"
)

// Result is what a drill showed.
type Result string

// The results.
const (
	Equal         Result = "Equal"
	Different     Result = "Different"
	NotComparable Result = "NotComparable"
	Failed        Result = "Failed"
	TimedOut      Result = "TimedOut"
)

// Outcome is what a drill has come to.
type Outcome struct {
	Begun
	Result Result
	// Took is how long it was until the cluster served; zero where it never did.
	Took    time.Duration
	Message string
}

// Decision is what is to be done, and what is to be shown.
type Decision struct {
	Action Action
	// Name is the throw-away cluster's, Backup what it restores, Slot what it is made
	// for; Why says it to a person. Only with an Action; Slot with Begin.
	Name, Backup string
	Slot         time.Time
	Why          string
	// Outcome goes with Record.
	Outcome Outcome

	// Reason and Message say how drills are now, and change only when something
	// happens, never because time passes. Warn: a person should look.
	Reason  Reason
	Message string
	Warn    bool
	// Next is when the next drill begins; zero while that is not known.
	Next time.Time
	// After is when to look again, at the latest; zero: on a change.
	After time.Duration
}
