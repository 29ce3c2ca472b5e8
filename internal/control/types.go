package control

import "github.com/quorate/quorate/internal/etcd"

// Port is where every agent serves this protocol.
const Port = 2382

// OperatorCommonName is the client identity that an agent obeys: the common name
// of the operator's certificate under the cluster's control CA. For the one other
// see RestoreCommonName.
const OperatorCommonName = "quorate-operator"

// Paths of the protocol. Every answer is JSON; a refusal is a Refusal with
// status 409, malformed input one with 400.
const (
	PathReport  = "/v1/report"  // GET: Report
	PathAdmit   = "/v1/admit"   // POST AdmitRequest: Report. Idempotent.
	PathFormed  = "/v1/formed"  // POST FormedRequest: Report. Idempotent.
	PathDiscard = "/v1/discard" // POST DiscardRequest: Report. Idempotent.
	PathJoin    = "/v1/join"    // POST JoinRequest: Report. Idempotent.
	PathLeave   = "/v1/leave"   // POST LeaveRequest: Report. Idempotent.
	PathDrain   = "/v1/drain"   // POST DrainRequest: Report. Idempotent.
)

// State says what an agent is doing.
type State string

const (
	// StateWaiting: the disk holds no cluster's data and waits to be admitted.
	StateWaiting State = "Waiting"
	// StateStarting: etcd was started and has not joined its cluster yet, or its
	// first data is being restored from a snapshot.
	StateStarting State = "Starting"
	// StateRunning: etcd runs. It may still lack a leader.
	StateRunning State = "Running"
	// StateRefused: the agent will not start etcd on this disk; Reason and
	// Message say why and what to do.
	StateRefused State = "Refused"
	// StateRemoved: the cluster has removed this member; etcd is stopped.
	StateRemoved State = "Removed"
	// StateStopping: the pod was told to stop.
	StateStopping State = "Stopping"
)

// Reason names a refusal, CamelCase, for conditions and Events.
type Reason string

const (
	ReasonForeignData     Reason = "ForeignData"     // data of another cluster
	ReasonNotAdmitted     Reason = "NotAdmitted"     // data that this volume was never admitted with
	ReasonNewerData       Reason = "NewerData"       // written by a newer etcd
	ReasonCorruptWAL      Reason = "CorruptWAL"      // the write-ahead log cannot be read
	ReasonCorruptDatabase Reason = "CorruptDatabase" // the database cannot be read
	ReasonDataLost        Reason = "DataLost"        // the volume was formed and its data is gone
	ReasonBadConfig       Reason = "BadConfig"       // etcd refuses its configuration
	ReasonVolumeUnusable  Reason = "VolumeUnusable"  // the volume cannot be read or written
	ReasonCrashed         Reason = "Crashed"         // etcd failed to start for another cause
)

// Contents says what lies on a volume.
type Contents string

const (
	// ContentsEmpty: no data directory.
	ContentsEmpty Contents = "Empty"
	// ContentsUnborn: a WAL with only metadata, killed while being born.
	// While the cluster is not formed it counts as empty.
	ContentsUnborn Contents = "Unborn"
	// ContentsData: a WAL with a hard state or an entry.
	ContentsData Contents = "Data"
)

// Volume is what an agent knows of the disk below it.
type Volume struct {
	// ID is a UUID that the agent minted when it first saw this volume. An
	// emptied or replaced volume has another one.
	ID       string   `json:"id"`
	Contents Contents `json:"contents"`
	// Admission is what the operator admitted this volume to; nil if nothing.
	Admission *Admission `json:"admission,omitempty"`
	// Kept is the release line before the step to which a snapshot of the database
	// was taken that lies on the volume; empty when none does.
	Kept string `json:"kept,omitempty"`
	// Halted is the grant under which etcd is kept from starting; empty when it is not.
	Halted string `json:"halted,omitempty"`
	// Survived is the last grant under which this member became a cluster of its own.
	Survived string `json:"survived,omitempty"`
}

// Admission is the identity under which a volume may start by itself. The
// agent writes and syncs it beside the data before the first start.
type Admission struct {
	// Token is the birth's; empty for a member that joined later.
	Token     string         `json:"token"`
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// Members are the names and peer URLs of the birth, or at the time of joining.
	Members []Peer `json:"members"`
	// Formed is set once the operator has confirmed, and recorded, that the
	// cluster was seen with a quorum. Until then no client is served.
	Formed bool `json:"formed"`
	// Restored is the snapshot with whose data the birth began; nil for one that
	// began empty, and for a member that joined later.
	Restored *Restored `json:"restored,omitempty"`
}

// Restored is a Restore that was granted.
type Restored struct {
	Restore
	// Revision is the first one of the restored cluster: no key was written to it
	// for as long as it is the last.
	Revision int64 `json:"revision"`
}

// Peer is one member of a birth.
type Peer struct {
	Name    etcd.MemberName `json:"name"`
	PeerURL string          `json:"peerURL"`
}

// Report is all that an agent sees.
type Report struct {
	Member  etcd.MemberName `json:"member"`
	State   State           `json:"state"`
	Reason  Reason          `json:"reason,omitempty"`
	Message string          `json:"message,omitempty"`
	Volume  Volume          `json:"volume"`
	// Binary is the etcd release that the agent embeds, such as "3.7.3".
	Binary string `json:"binary"`
	// Etcd is what the embedded server says of itself; nil unless it runs.
	Etcd *Etcd `json:"etcd,omitempty"`
	// Step is the preparation for another release line, since the agent started;
	// nil when there is none.
	Step *Step `json:"step,omitempty"`
	// Trust is whom the member trusts; nil from an agent that does not tell.
	Trust *Trust `json:"trust,omitempty"`
	// Snapshot is what of a snapshot lies on the volume; nil when nothing does.
	Snapshot *Snapshot `json:"snapshot,omitempty"`
	// Log is how far the member's log goes; nil while etcd runs, or where that cannot
	// be read.
	Log *LogPosition `json:"log,omitempty"`
	// Listed is the cluster as this member has applied it, told while it knows no
	// leader or is halted. It may be of the past.
	Listed etcd.Members `json:"listed,omitempty"`
}

// Etcd is what an embedded server says of itself. All of it is local: nothing
// here was agreed on by a quorum.
type Etcd struct {
	ClusterID    etcd.ClusterID `json:"clusterID"`
	MemberID     etcd.MemberID  `json:"memberID"`
	Leader       etcd.MemberID  `json:"leader"` // zero: none known
	IsLearner    bool           `json:"isLearner,omitempty"`
	Voters       int            `json:"voters,omitempty"` // that it knows of, itself included; zero: not told
	Term         uint64         `json:"term"`
	Index        uint64         `json:"index"`               // raft index committed
	AppliedIndex uint64         `json:"appliedIndex"`        // raft index applied
	Revision     int64          `json:"revision"`            // of the key space; 1 when nothing was ever written
	DBSize       int64          `json:"dbSize"`              // bytes allocated
	DBSizeInUse  int64          `json:"dbSizeInUse"`         // bytes in use
	Quota        int64          `json:"quota"`               // bytes; the configured backend quota
	Version      string         `json:"version"`             // cluster version, such as "3.7.0"; empty while undecided
	Storage      string         `json:"storage,omitempty"`   // release line that the data has the form of; empty if that is not recorded
	Downgrade    string         `json:"downgrade,omitempty"` // release line that the cluster is being downgraded to
	Alarms       []string       `json:"alarms,omitempty"`
	// Corrupt are the members that a CORRUPT alarm names; zero stands for one
	// that etcd could not tell.
	Corrupt []etcd.MemberID `json:"corrupt,omitempty"`
	// NoSpace are the members that a NOSPACE alarm names: nobody can write.
	NoSpace []etcd.MemberID `json:"noSpace,omitempty"`
	// Compacted is the revision before which nothing of the history is left.
	Compacted int64 `json:"compacted"`
	// Defragmenting: the database is being copied, and the member answers nobody.
	// What is reported of the database is what was known before.
	Defragmenting bool `json:"defragmenting,omitempty"`
	// Defragmented is the last defragmentation; nil when there was none since the
	// agent started.
	Defragmented *Defragmentation `json:"defragmented,omitempty"`
	Ready        bool             `json:"ready"` // what /readyz answers
	// Drained is the withdrawal for which this server's clients were last told to
	// connect anew; empty when none was, nil from an agent that knows no drain.
	Drained *string `json:"drained,omitempty"`
}

// AdmitRequest admits an empty volume to the birth of a cluster. The agent
// refuses when the volume's ID differs, when it holds data, or when it was
// admitted under another token.
type AdmitRequest struct {
	VolumeID string `json:"volumeID"`
	Token    string `json:"token"`
	Members  []Peer `json:"members"`
	// Restore is the snapshot with whose data the cluster begins; nil: with none.
	// The agent refuses when that snapshot is not staged, or when its etcd cannot
	// read it. An agent that knows no snapshots ignores the field: hand it only to
	// one that reports the snapshot as staged.
	Restore *Restore `json:"restore,omitempty"`
}

// FormedRequest tells an admitted volume that its cluster is formed. The
// agent refuses when its admission names another cluster.
type FormedRequest struct {
	VolumeID  string         `json:"volumeID"`
	ClusterID etcd.ClusterID `json:"clusterID"`
}

// DiscardRequest ends a birth that never reached a quorum: the agent stops
// etcd, wipes the data and forgets the admission. It refuses when the volume
// was formed, when the token is another one, or when any key was ever written
// since the birth. A restored snapshot has to be staged anew for the next one.
type DiscardRequest struct {
	VolumeID string `json:"volumeID"`
	Token    string `json:"token"`
}

// JoinRequest admits an empty volume to a formed cluster, as the learner that
// a linearizable member list shows as added and never started. The agent
// refuses when the volume's ID differs, when it holds data, or when it was
// admitted as anything else.
type JoinRequest struct {
	VolumeID  string         `json:"volumeID"`
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// Members are the names and peer URLs of the cluster, the learner included.
	// The names may be missing where a member has not started yet.
	Members []Peer `json:"members"`
}

// LeaveRequest tells a member that the cluster has removed it: it ends etcd at
// once and never starts it again. Without it a member hears of its removal from
// a peer that turns it away, and serves its clients until then, in vain. The
// agent refuses when it is another member.
type LeaveRequest struct {
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
}

// DrainRequest tells a member that its pod has left the client Service: every
// client that is connected is told to connect anew, and so goes to another
// member. What it has asked is still answered, and who addresses this very
// member is served as before. The agent refuses when it is another member, or
// when etcd does not run.
type DrainRequest struct {
	ClusterID etcd.ClusterID `json:"clusterID"`
	MemberID  etcd.MemberID  `json:"memberID"`
	// Withdrawal names the occasion; it is reported as Etcd.Drained. The same one
	// again changes nothing.
	Withdrawal string `json:"withdrawal"`
}

// Refusal is the body of every answer that is not a success.
type Refusal struct {
	Reason  Reason `json:"reason,omitempty"`
	Message string `json:"message"`
}

// Error makes a Refusal an error, as the client returns it.
func (r *Refusal) Error() string { return r.Message }
