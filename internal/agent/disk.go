package agent

import (
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Disk is what Inspect found on a volume: facts, no judgement.
type Disk struct {
	// Unusable says why the volume could not be read or written; empty if it could.
	Unusable string
	// Damaged says why volume.json could not be understood; empty if it could.
	Damaged string
	// Admission is what the volume was admitted to; nil if nothing.
	Admission *control.Admission
	// Born: data was once put in place under the admission.
	Born bool
	// Removed: the cluster removed this member in an earlier life of the pod.
	Removed bool
	// Halted is the grant under which etcd must not start; empty when it may.
	Halted string
	// Survives: the member was granted to become a cluster of its own and is not yet.
	Survives bool

	Log      Log
	Database Database

	// Failures counts the starts of etcd in a row that ended in its death.
	Failures  int
	LastWords string // of the latest of them

	// Binary is the embedded release.
	Binary etcd.Version
}

// Condition says what became of a part of etcd's data.
type Condition int

const (
	// Absent: there is no such file.
	Absent Condition = iota
	// Readable: what was read made sense.
	Readable
	// Corrupt: it is there and etcd could not start on it.
	Corrupt
)

// String names a condition in the log.
func (c Condition) String() string {
	return [...]string{"absent", "readable", "corrupt"}[c]
}

// MarshalText names a condition in structured logs.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Log is what the write-ahead log says.
type Log struct {
	Condition Condition
	Problem   string // why it is Corrupt

	// ClusterID and MemberID are of the log's metadata; zero if that was not read.
	ClusterID etcd.ClusterID
	MemberID  etcd.MemberID

	// HardState: a first save was completed. A member promises nothing to
	// anybody before that, so a log without one has nothing to lose.
	HardState bool
	Commit    uint64 // the last index known as committed
	Last      uint64 // the last index in the log
	LastTerm  uint64 // the term of the last index
	Snapshot  uint64 // the index from which etcd will replay
	SecondAPI uint64 // the last index with a request of etcd's second API; zero: none
}

// Database is what the bbolt file says.
type Database struct {
	Condition Condition
	Problem   string // why it is Corrupt

	Applied uint64 // the last index applied to it
	// Storage and Cluster are the versions recorded in it; nil before they are.
	Storage, Cluster *etcd.Version
	// Received are the indexes of whole databases that a leader sent and that
	// etcd has not put in place yet.
	Received []uint64
}

// Contents says in the protocol's words what lies on the volume.
func (d Disk) Contents() control.Contents {
	switch {
	case d.Log.Condition == Absent && d.Database.Condition == Absent:
		return control.ContentsEmpty
	case d.Log.Condition == Absent && d.Database.Applied == 0:
		return control.ContentsUnborn // etcd makes the database before the log
	case d.Log.Condition == Readable && !d.Log.HardState && d.Database.Applied == 0:
		return control.ContentsUnborn
	default:
		return control.ContentsData
	}
}
