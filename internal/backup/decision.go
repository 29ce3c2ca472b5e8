package backup

import "github.com/quorate/quorate/internal/snapshot"

// Action is what is to be done.
type Action string

// The actions; at most one is taken at a time.
const (
	// None: nothing.
	None Action = ""
	// Guard keeps the object until its data is deleted.
	Guard Action = "Guard"
	// Start creates the Job that makes the backup.
	Start Action = "Start"
	// Stop deletes the Job that makes the backup.
	Stop Action = "Stop"
	// Erase creates the Job that deletes the data.
	Erase Action = "Erase"
	// Release lets the object go.
	Release Action = "Release"
)

// Reason says in one word how far a backup is, or why it does not get there. A
// Job's own reasons (snapshot.Result) are used besides these.
type Reason string

// The reasons.
const (
	ReasonComplete        Reason = "Complete"
	ReasonStarting        Reason = "Starting"
	ReasonRunning         Reason = "Running"
	ReasonClusterNotFound Reason = "ClusterNotFound"
	ReasonClusterNotReady Reason = "ClusterNotReady"
	ReasonQuorumLost      Reason = "QuorumLost"
	ReasonSecretInvalid   Reason = "SecretInvalid"
	ReasonPodTrouble      Reason = "PodNotStarting"
	ReasonDeadline        Reason = "DeadlineExceeded"
	ReasonFailed          Reason = "Failed"
	ReasonDeletingData    Reason = "DeletingData"
	ReasonDataStays       Reason = "DataStays"
)

// Decision is what is to be done, and what is to be shown.
type Decision struct {
	Action  Action
	Reason  Reason
	Message string
	// Outcome is set where the backup has come to its end, with what is known of
	// it.
	Outcome  Outcome
	Manifest *snapshot.Manifest
	// Warn: a person should look.
	Warn bool
}
