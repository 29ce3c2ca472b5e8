package control

import "github.com/quorate/quorate/internal/etcd"

// PathPrepare takes a PrepareRequest by POST and answers with a Report. Idempotent.
const PathPrepare = "/v1/prepare"

// ReasonOlderData is of data that etcd cannot read: it is as an older release has left
// it, and a release between the two has to put it right first.
const ReasonOlderData Reason = "OlderData"

// PrepareRequest tells a member to prepare for a step to another release line of
// etcd: to find out whether that can read the data, to mend what it could not,
// and to keep a snapshot of the database on the volume. The agent refuses when
// it is another member, or when etcd does not run.
type PrepareRequest struct {
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// To is the release line, such as "3.7". Empty: the step is over, or given up;
	// the kept snapshot is deleted.
	To string `json:"to"`
}

// Step is how far a member is prepared.
type Step struct {
	To    string    `json:"to"`
	State StepState `json:"state"`
	// Message is the cause and the next step, of a StepBlocked.
	Message string `json:"message,omitempty"`
}

// StepState is a state of a preparation.
type StepState string

const (
	StepWorking StepState = "Working"
	StepReady   StepState = "Ready"
	// StepBlocked: something is in the way; the agent looks again now and then.
	StepBlocked StepState = "Blocked"
)
