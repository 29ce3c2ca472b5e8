package backup

import (
	"cmp"
	"fmt"
	"strings"
)

// Next decides. It is pure: equal arguments, equal decision.
func Next(o Observation) Decision {
	switch {
	case o.Deleting:
		return o.leave()
	case o.DeletesData && !o.Guarded:
		return Decision{Action: Guard, Reason: ReasonStarting, Message: "The data goes with this object: it stays until that is deleted."}
	case !o.DeletesData && o.Guarded:
		return Decision{Action: Release, Reason: ReasonDataStays, Message: "spec.deletionPolicy is Retain: the data stays in the store when this object is deleted."}
	case o.Outcome != "":
		return Decision{}
	default:
		return o.make()
	}
}

// make brings the backup into the store.
func (o Observation) make() Decision {
	switch o.Writing.State {
	case JobSucceeded:
		return o.ended()
	case JobFailed:
		return o.failed()
	case JobRunning:
		return o.running()
	}
	c := o.Cluster
	switch {
	case !c.Found:
		return waiting(ReasonClusterNotFound, "There is no EtcdCluster %q in this namespace. The backup is made once there is; delete it if it is not wanted.", c.Name)
	case c.Hibernated:
		return waiting(ReasonClusterNotReady, "EtcdCluster %s is hibernated. The backup is made once spec.hibernated is false.", c.Name)
	case !c.Formed:
		return waiting(ReasonClusterNotReady, "EtcdCluster %s is not formed yet. The backup is made once it is.", c.Name)
	case !c.Quorate && !o.WithoutQuorum:
		return waiting(ReasonQuorumLost, "EtcdCluster %s has no quorum (%s) and a backup of it could lack what was acknowledged. The backup is made once a quorum answers. To save what one member has set spec.withoutQuorum to true.", c.Name, strings.TrimSuffix(c.QuorumMessage, "."))
	case o.Missing != "":
		return waiting(ReasonSecretInvalid, "%s. The backup is made once it is there.", o.Missing)
	}
	return Decision{Action: Start, Reason: ReasonStarting, Message: fmt.Sprintf("A Job backs %s up into %s.", c.Name, o.Location)}
}

func (o Observation) running() Decision {
	d := Decision{Reason: ReasonRunning, Message: fmt.Sprintf("A Job backs %s up into %s.", o.Cluster.Name, o.Location)}
	switch {
	case o.Writing.Trouble != "":
		d.Reason, d.Warn = ReasonPodTrouble, true
		d.Message = fmt.Sprintf("The Job's pod does not start: %s.", strings.TrimSuffix(o.Writing.Trouble, "."))
	case o.Writing.Attempts > 0 && o.Writing.Result != nil && o.Writing.Result.Message != "":
		d.Message = fmt.Sprintf("Attempt %d has failed (%s) and another one is made.", o.Writing.Attempts, strings.TrimSuffix(o.Writing.Result.Message, "."))
	}
	return d
}

func (o Observation) ended() Decision {
	r := o.Writing.Result
	if r == nil || r.Manifest == nil {
		return Decision{Outcome: OutcomeFailed, Warn: true, Reason: ReasonFailed,
			Message: fmt.Sprintf("The Job has ended well and did not tell what it made. Whether %s is whole is not known: do not count on it; make another EtcdBackup.", o.Location)}
	}
	return Decision{Outcome: OutcomeComplete, Manifest: r.Manifest, Reason: ReasonComplete,
		Message: fmt.Sprintf("%s holds every write up to revision %d, proven by %s.", o.Location, r.Manifest.Revision, proof(string(r.Manifest.Verification)))}
}

func proof(verification string) string {
	if verification == "Restore" {
		return "restoring it and comparing the hash of its keys"
	}
	return "reading it back from the store"
}

// failed tells the Job's own words where it had any.
func (o Observation) failed() Decision {
	d := Decision{Outcome: OutcomeFailed, Warn: true, Reason: ReasonFailed, Message: "The Job failed without a word; see the logs of its pods."}
	if r := o.Writing.Result; r != nil && r.Message != "" {
		d.Reason, d.Message = Reason(cmp.Or(string(r.Reason), string(ReasonFailed))), sentence(r.Message)
	}
	if o.Writing.Cause == string(ReasonDeadline) {
		d.Message = "spec.deadline is over. " + d.Message
		if d.Reason == ReasonFailed {
			d.Reason = ReasonDeadline // nothing says more
		}
	}
	d.Message += " Mend the cause and make another EtcdBackup."
	return d
}

// leave deletes the data, where it shall go with the object, and lets that go.
func (o Observation) leave() Decision {
	stays := fmt.Sprintf("The data at %s stays.", o.Location)
	switch {
	case !o.Guarded:
		return Decision{}
	case !o.DeletesData || !o.Begun:
		return Decision{Action: Release, Reason: ReasonDataStays, Message: stays}
	case o.Writing.Ending:
		return Decision{Reason: ReasonDeletingData, Message: "The Job that makes the backup is ending; then what it has written is deleted."}
	case o.Writing.State == JobRunning:
		return Decision{Action: Stop, Reason: ReasonDeletingData, Message: "The Job that makes the backup is stopped, and what it has written is deleted."}
	}
	switch o.Erasing.State {
	case JobSucceeded:
		return Decision{Action: Release, Reason: ReasonDeletingData, Message: fmt.Sprintf("The data at %s is deleted.", o.Location)}
	case JobRunning:
		return Decision{Reason: ReasonDeletingData, Message: fmt.Sprintf("The data at %s is being deleted.%s", o.Location, trouble(o.Erasing))}
	case JobFailed:
		why := "its Job failed without a word"
		if r := o.Erasing.Result; r != nil && r.Message != "" {
			why = strings.TrimSuffix(r.Message, ".")
		}
		return Decision{Warn: true, Reason: ReasonDeletingData, Message: fmt.Sprintf("The data at %s could not be deleted: %s. It is tried again when you delete the Job; to let the object go and keep the data set spec.deletionPolicy to Retain.", o.Location, why)}
	}
	if o.Missing != "" {
		return Decision{Action: Release, Warn: true, Reason: ReasonDataStays, Message: fmt.Sprintf("%s, so the data cannot be deleted. %s Delete it by hand.", o.Missing, stays)}
	}
	return Decision{Action: Erase, Reason: ReasonDeletingData, Message: fmt.Sprintf("A Job deletes the data at %s.", o.Location)}
}

// Unerasable lets an object go whose data cannot be deleted any more, because no Job
// can be created: its namespace is being deleted.
func Unerasable(o Observation) Decision {
	if !o.Deleting || !o.Guarded {
		return Decision{}
	}
	return Decision{Action: Release, Warn: true, Reason: ReasonDataStays,
		Message: fmt.Sprintf("The namespace is being deleted, so no Job can delete the data. The data at %s stays. Delete it by hand.", o.Location)}
}

func trouble(j Job) string {
	if j.Trouble == "" {
		return ""
	}
	return fmt.Sprintf(" The Job's pod does not start: %s.", strings.TrimSuffix(j.Trouble, "."))
}

func waiting(reason Reason, format string, args ...any) Decision {
	return Decision{Reason: reason, Message: fmt.Sprintf(format, args...), Warn: true}
}

func sentence(s string) string {
	s = strings.TrimSuffix(strings.TrimSpace(s), ".")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
