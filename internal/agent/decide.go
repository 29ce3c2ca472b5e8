package agent

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Boot is what an agent does when it comes up.
type Boot struct {
	Action  Action
	Reason  control.Reason // of a refusal
	Message string         // cause and next step; empty for StartExisting
}

// Action is one of a closed set.
type Action int

const (
	// Wait for an admission.
	Wait Action = iota
	// StartExisting starts etcd on the data that is there.
	StartExisting
	// StayRemoved: the cluster removed this member; never start again.
	StayRemoved
	// Refuse to start, and say why.
	Refuse
	// StayHalted: the operator has stopped etcd on this member.
	StayHalted
	// Survive: become a cluster of its own before starting.
	Survive
)

// maxFailures is how many starts in a row may end in etcd's death before the
// agent stays up to report it instead of dying once more.
const maxFailures = 3

const removedMessage = "The cluster has removed this member and its ID never comes back. Delete the pod and its volume."

// Decide is the only place where it is decided whether etcd may start. A data
// directory starts by itself only under the identity that was admitted for its
// volume; what cannot be understood is refused, never repaired by guessing.
func Decide(d Disk) Boot {
	switch {
	case d.Unusable != "":
		return refuse(control.ReasonVolumeUnusable,
			"The volume cannot be used: %s. Mend the volume, or replace this member.", d.Unusable)
	case d.Damaged != "":
		return refuse(control.ReasonVolumeUnusable,
			"The volume's identity cannot be read: %s. Replace this member.", d.Damaged)
	case d.Removed:
		return Boot{Action: StayRemoved, Message: removedMessage}
	}
	switch contents := d.Contents(); {
	case contents == control.ContentsData && d.Admission == nil:
		return refuse(control.ReasonNotAdmitted,
			"The volume holds etcd data%s that it was never admitted with. "+
				"Restore from a backup of that data, or empty the volume.", ofMember(d.Log))
	case contents == control.ContentsData:
		return decideOnData(d, *d.Admission)
	case d.Admission != nil && joining(*d.Admission) && !d.Born:
		return Boot{Action: Wait, Message: fmt.Sprintf("Admitted as learner %s of cluster %s and not started yet; "+
			"waiting for the same admission again.", d.Admission.MemberID, d.Admission.ClusterID)}
	case d.Admission != nil && d.Admission.Formed:
		return refuse(control.ReasonDataLost,
			"This volume was member %s of the formed cluster %s and its data is gone. Replace this member: "+
				"a new one joins under a new ID.", d.Admission.MemberID, d.Admission.ClusterID)
	case d.Admission != nil && d.Born:
		return refuse(control.ReasonDataLost,
			"This volume was member %s in the birth of cluster %s and its data is gone. Discard that birth and begin another.",
			d.Admission.MemberID, d.Admission.ClusterID)
	case d.Admission != nil:
		return Boot{Action: Wait, Message: fmt.Sprintf(
			"Admitted to cluster %s and not born yet; waiting for the same admission again.", d.Admission.ClusterID)}
	default:
		return Boot{Action: Wait, Message: "The volume is empty; waiting to be admitted."}
	}
}

// decideOnData judges data under an admission. Identity comes first: nothing
// else about another cluster's data matters. A newer release's files may look
// corrupt to this one, so that comes before corruption.
func decideOnData(d Disk, admitted control.Admission) Boot {
	log, db := d.Log, d.Database
	known := log.ClusterID != 0 || log.MemberID != 0
	switch {
	case known && (log.ClusterID != admitted.ClusterID || log.MemberID != admitted.MemberID):
		return refuse(control.ReasonForeignData,
			"The volume holds the data%s, and was admitted as member %s of cluster %s. "+
				"Put the right data back, or replace this member.", ofMember(log), admitted.MemberID, admitted.ClusterID)
	case otherRelease(d) != nil:
		return *otherRelease(d)
	case log.Condition == Absent:
		return refuse(control.ReasonCorruptWAL, "The write-ahead log is gone and the database is still there. Replace this member.")
	case log.Condition == Corrupt:
		return refuse(control.ReasonCorruptWAL, "The write-ahead log cannot be read: %s. Replace this member.", log.Problem)
	case log.Commit > log.Last:
		return refuse(control.ReasonCorruptWAL,
			"The write-ahead log ends at index %d and says that %d was committed. Replace this member.", log.Last, log.Commit)
	case db.Condition == Absent:
		return refuse(control.ReasonCorruptDatabase, "The database file is gone. Replace this member.")
	case db.Condition == Corrupt:
		return refuse(control.ReasonCorruptDatabase, "The database cannot be read: %s. Replace this member.", db.Problem)
	case db.Applied > log.Last:
		return refuse(control.ReasonCorruptWAL,
			"The write-ahead log ends at index %d, before index %d that the database holds. Replace this member.", log.Last, db.Applied)
	case db.Applied < log.Snapshot && !slices.Contains(db.Received, log.Snapshot):
		return refuse(control.ReasonCorruptDatabase,
			"The database ends at index %d, before the log begins at %d. Replace this member.", db.Applied, log.Snapshot)
	default:
		return decideOnGoodData(d)
	}
}

// decideOnGoodData: etcd could start, if it shall.
func decideOnGoodData(d Disk) Boot {
	switch {
	case d.Halted != "" && !d.Survives:
		return Boot{Action: StayHalted, Message: haltedMessage}
	case d.Failures >= maxFailures:
		return refuse(control.ReasonCrashed,
			"etcd died %d times in a row while starting; last: %s. The agent tries again every %s, and when the pod is deleted.",
			d.Failures, lastWords(d.LastWords), retryAfterCrash)
	case d.Survives:
		return Boot{Action: Survive, Message: "The member is becoming a cluster of its own."}
	default:
		return Boot{Action: StartExisting}
	}
}

// otherRelease refuses data of a release that this one does not read; nil when it
// does.
func otherRelease(d Disk) *Boot {
	log, db := d.Log, d.Database
	var refused Boot
	switch {
	case newer(db.Storage, d.Binary) || newer(db.Cluster, d.Binary):
		refused = refuse(control.ReasonNewerData,
			"The data was written by etcd %s and this pod runs %s. Set spec.version to that release line or newer.",
			newest(db), d.Binary)
	case skips(db.Cluster, d.Binary):
		refused = refuse(control.ReasonOlderData,
			"The data was written by etcd %s, which etcd %s does not read. Set spec.version to a release of %s first, and go on once every member runs it.",
			db.Cluster.Line(), d.Binary, etcd.Version{Major: d.Binary.Major, Minor: d.Binary.Minor - 1}.Line())
	case d.Binary.Compare(sinceThirdAPI) >= 0 && log.SecondAPI > log.Snapshot:
		refused = refuse(control.ReasonOlderData,
			"The log holds entries of etcd's second API, up to index %d, that are in no snapshot on the disk (the last is of index %d); etcd %s cannot read them. "+
				"Set spec.version back to the release before; Quorate prepares the step itself.", log.SecondAPI, log.Snapshot, d.Binary)
	default:
		return nil
	}
	return &refused
}

func refuse(reason control.Reason, format string, args ...any) Boot {
	return Boot{Action: Refuse, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func lastWords(words string) string {
	if words == "" {
		return "it left no last words (killed from outside, or out of memory)"
	}
	return words
}

func ofMember(l Log) string {
	if l.ClusterID == 0 {
		return ""
	}
	return fmt.Sprintf(" of member %s of cluster %s", l.MemberID, l.ClusterID)
}

// newer compares release lines: within one, data moves freely.
func newer(data *etcd.Version, binary etcd.Version) bool {
	if data == nil {
		return false
	}
	return etcd.Version{Major: data.Major, Minor: data.Minor}.
		Compare(etcd.Version{Major: binary.Major, Minor: binary.Minor}) > 0
}

// sinceThirdAPI is the first release that knows nothing of the second API.
var sinceThirdAPI = etcd.Version{Major: 3, Minor: 7}

// skips reports whether a release line lies between the data and the binary.
func skips(data *etcd.Version, binary etcd.Version) bool {
	return data != nil && data.Major == binary.Major && data.Minor+1 < binary.Minor
}

func newest(db Database) string {
	v := etcd.Version{}
	for _, candidate := range []*etcd.Version{db.Storage, db.Cluster} {
		if candidate != nil && candidate.Compare(v) > 0 {
			v = *candidate
		}
	}
	return v.Line()
}
