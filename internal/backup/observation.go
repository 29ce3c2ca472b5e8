package backup

import "github.com/quorate/quorate/internal/snapshot"

// Observation is what is known of a backup at one moment.
type Observation struct {
	// Name is the EtcdBackup's.
	Name string
	// Deleting: a person has deleted the object.
	Deleting bool
	// DeletesData: the data goes with the object.
	DeletesData bool
	// WithoutQuorum: a person takes what a member has where there is no quorum.
	WithoutQuorum bool
	// Guarded: the object stays until its data is deleted.
	Guarded bool
	// Begun: a Job was started at some time, so that there may be data.
	Begun bool
	// Outcome is what was recorded for good; empty while there is none.
	Outcome Outcome
	// Location is where the data is, or would be.
	Location string
	Cluster  Cluster
	// Missing says what a Job would need and is not there, such as a key of a
	// Secret; empty where nothing is missing.
	Missing string
	// Writing is the Job that makes the backup, Erasing the one that deletes its
	// data.
	Writing, Erasing Job
}

// Outcome is how a backup has ended.
type Outcome string

// The outcomes.
const (
	OutcomeComplete Outcome = "Complete"
	OutcomeFailed   Outcome = "Failed"
)

// Cluster is what is known of the cluster to back up.
type Cluster struct {
	Name string
	// Found: there is such an EtcdCluster, and it is not being deleted.
	Found bool
	// Formed: it was born.
	Formed bool
	// Quorate: a quorum of its voters answers; QuorumMessage says what is wrong
	// where not.
	Quorate       bool
	QuorumMessage string
	Hibernated    bool
}

// JobState is how far a Job is.
type JobState string

// The states.
const (
	JobAbsent    JobState = ""
	JobRunning   JobState = "Running"
	JobSucceeded JobState = "Succeeded"
	JobFailed    JobState = "Failed"
)

// Job is one Job and what its pods tell.
type Job struct {
	State JobState
	// Ending: it is being deleted, with its pods.
	Ending bool
	// Cause is why the Job failed, by Kubernetes' word, such as DeadlineExceeded.
	Cause string
	// Trouble is why its pod does not come up; empty when nothing hinders it.
	Trouble string
	// Attempts are the pods that have failed.
	Attempts int
	// Result is what the last pod to end has told; nil when it told nothing.
	Result *snapshot.Result
}
