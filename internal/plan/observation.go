package plan

import (
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Observation is all that was seen of one cluster in one pass.
type Observation struct {
	// Deleting: the EtcdCluster has a deletion timestamp.
	Deleting bool
	// Self is the operator that observes, "namespace/name".
	Self string
	// Record is what the EtcdCluster's status remembers.
	Record Record
	// Objects are the Kubernetes objects of the cluster, Secrets included.
	Objects []Object
	// Certificates is what the Secrets hold.
	Certificates Certificates
	// Members has one entry for each ordinal that exists or shall exist, in
	// order and without a gap: those of the StatefulSet, of the spec, of any pod
	// or claim, and of the member list.
	Members []Member
	// Pods is how many pods the StatefulSet shall run; NoStatefulSet when there
	// is none.
	Pods int
	// StaleClaims says how the StatefulSet's claim template differs from what
	// the spec asks for; empty when it does not.
	StaleClaims string
	// Etcd is the cluster's own linearizable answer.
	Etcd EtcdView
	// Template is how the pods' template stands to the spec.
	Template Template
	// Origin is the backup to begin with; nil where there is none, or the cluster
	// was formed.
	Origin *Origin
	// Request is the EtcdRestore that is carried out or, where none is, the next
	// one; nil for none.
	Request *Request
	// Former are the claims of other epochs than the record's.
	Former []Volume
	// StaleEpoch: the StatefulSet makes volumes of another epoch than the record's.
	StaleEpoch bool
}

// Template is how the StatefulSet's pod template stands to what the spec asks
// for, as far as a member has to restart for it.
type Template struct {
	// Wanted names what the spec asks for: a short hash of it.
	Wanted string
	// Version is the etcd release in the template by now; empty if not known.
	Version string
	// Changes says what of it the template does not follow, as a clause for
	// people; empty when it follows.
	Changes string
	// Validation is what the image to come makes of it; Verdict is why it does
	// not accept it, Trouble why it cannot be asked.
	Validation Validation
	Verdict    string
	Trouble    *Trouble
}

// Validation is how far the validation of a change has come; empty when it was
// not begun.
type Validation string

const (
	ValidationRuns   Validation = "Runs"
	ValidationPassed Validation = "Passed"
	ValidationFailed Validation = "Failed"
)

// NoStatefulSet is Observation.Pods while there is no StatefulSet.
const NoStatefulSet = -1

// Record is what the operator wrote down about a cluster, under the
// resourceVersion it had read: it survives the operator.
type Record struct {
	// Operator is the one that claimed the cluster.
	Operator string
	// ClusterID is not zero once the cluster was seen with a quorum.
	ClusterID etcd.ClusterID
	// Birth is the grant under which the cluster forms or formed.
	Birth *Birth
	// Joining is the last volume that was admitted as a learner.
	Joining *Joining
	// Epoch says which of its sets of volumes the cluster lives on; the first is 1.
	Epoch int
	// Restore is the restore that is carried out, or was the last one.
	Restore *Restoration
}

// Joining ties an ID of the member list to the one volume that may bear it: a
// learner that has lost its volume may have acknowledged entries, so its ID
// never goes to another one.
type Joining struct {
	ID       etcd.MemberID
	Name     etcd.MemberName
	VolumeID string
}

// Birth is a one-time grant: these volumes, and no others, may form a cluster.
type Birth struct {
	Token   string
	Members []BirthMember
	// Restore is the snapshot that it begins with; nil for none.
	Restore *control.Restore
	// Discarding: the birth failed; its volumes are being wiped.
	Discarding bool
}

// BirthMember is one volume of a grant.
type BirthMember struct {
	Name     etcd.MemberName
	VolumeID string
}

// volume returns the volume that the grant names for a member.
func (b *Birth) volume(name etcd.MemberName) (string, bool) {
	for _, m := range b.Members {
		if m.Name == name {
			return m.VolumeID, true
		}
	}
	return "", false
}

// ObjectState says how a live object compares with what it shall be.
type ObjectState string

const (
	ObjectCurrent ObjectState = "Current"
	ObjectMissing ObjectState = "Missing"
	ObjectDrifted ObjectState = "Drifted"
	// ObjectTaken: the name belongs to somebody else.
	ObjectTaken ObjectState = "Taken"
	// ObjectSurplus: it is this cluster's and shall not be there.
	ObjectSurplus ObjectState = "Surplus"
	// ObjectLeaving: it belongs to a former life of the cluster, or is being
	// deleted, and will be gone soon.
	ObjectLeaving ObjectState = "Leaving"
)

// Object is one Kubernetes object of the cluster.
type Object struct {
	Kind, Name string
	State      ObjectState
	// Detail says what drifted, or who holds the name.
	Detail string
}

// Source is what is wrong with one Secret that certificates come from.
type Source struct {
	// Name is the Secret's; empty when it is about all of them.
	Name   string
	Reason Reason
	// Message names the object, the field and the way out, without a full stop.
	Message string
}

// Certificates is what the cluster's Secrets hold, already assessed.
type Certificates struct {
	// Wanted are the Secrets to issue or renew, authorities first.
	Wanted []string
	// LostAuthorities are the authorities without a usable key. While the
	// cluster is not formed they are minted anew, afterwards never.
	LostAuthorities []string
	// Foreign are leaf Secrets that another authority signed than the present
	// one. While the cluster is not formed they are issued anew; afterwards it
	// means that the authority was replaced, and issuing from it would part
	// the members.
	Foreign []string
	// Problems are what is wrong with Secrets that exist, for people.
	Problems []string
	// Elsewhere: those of clients and peers come from Secrets that others fill.
	Elsewhere bool
	// Sources are these Secrets that are not in order.
	Sources []Source
	// Incomplete: a Secret that is mounted or read cannot be made, because its
	// sources are not in order.
	Incomplete bool
	// Expiry is the first end of any certificate, RFC 3339; empty when none
	// could be read.
	Expiry string
	// Trust names whom members are to trust: control.TrustDigest.
	Trust string
	// Rotation is the replacement of the authorities that is wanted, or under way;
	// nil when there is none.
	Rotation *Rotation
}

// PodState is the state of a member's pod.
type PodState string

const (
	PodAbsent      PodState = "Absent"
	PodPending     PodState = "Pending"
	PodRunning     PodState = "Running"
	PodTerminating PodState = "Terminating"
)

// Member is all that was seen of one ordinal: pod, claim and agent.
type Member struct {
	Name etcd.MemberName
	// PeerURL is where the member's peers find it.
	PeerURL string
	Pod     PodState
	Ready   bool
	// Clients says whether clients are still sent to the member.
	Clients Clients
	// Outdated: the pod was made from an older template than the present one.
	Outdated bool
	// Stale says what of the spec the pod was not made from, as far as it has to
	// restart for it, as a clause for people; empty when it has not.
	Stale string
	// Adjust says what of the spec can be changed on the pod as it runs, and
	// Adjusting what its node has not done yet of that; empty when nothing is.
	Adjust, Adjusting string
	// Trust says whether the member has loaded whom it is to trust; empty where its
	// agent does not tell.
	Trust Trust
	// Trouble is why the pod or its claim does not come up; nil if nothing is
	// known to hinder it.
	Trouble *Trouble
	// Loss is the evidence from Kubernetes that the member's volume is gone for
	// good, as a clause for people; empty when there is none. A claim that is
	// absent shows as Claim being nil.
	Loss string
	// NodeGone: the pod's node was confirmed absent by a live read.
	NodeGone bool
	// Cordoned: the pod's node takes no new pods; a drain may follow.
	Cordoned bool
	Claim    *Claim
	// Agent is what the agent reported; nil when it was not reached, and then
	// AgentError says why.
	Agent      *control.Report
	AgentError string
}

// Trust says how far a change of whom to trust has come to a member.
type Trust string

const (
	TrustLoaded Trust = "Loaded"
	// TrustOnDisk: it lies there, and etcd has not read it: see Stale.
	TrustOnDisk Trust = "OnDisk"
	// TrustAwaited: the node has not brought it yet.
	TrustAwaited Trust = "Awaited"
)

// Clients says whether clients are sent to a member by the client Service.
type Clients string

const (
	// ClientsWelcome: the pod bears the label that the Service selects.
	ClientsWelcome Clients = ""
	// ClientsLeaving: the label is gone, and not all that send clients know yet.
	ClientsLeaving Clients = "Leaving"
	// ClientsConnected: no new client is sent to it any more; those that came
	// before were not told yet to go elsewhere.
	ClientsConnected Clients = "Connected"
	// ClientsGone: all clients are told, or there is nobody to tell them.
	ClientsGone Clients = "Gone"
)

// Trouble is a cause outside Quorate, with its reason for a condition.
type Trouble struct {
	Reason  Reason
	Message string
}

// Claim is a member's PersistentVolumeClaim.
type Claim struct {
	Name string
	// Formed is the cluster that the claim is marked to belong to, or zero.
	Formed etcd.ClusterID
	// Member is the member that the claim is marked to hold, or zero.
	Member etcd.MemberID
	// Marked: annotations and owner are as they shall be for a formed cluster
	// and, where its agent answers, for the member that lives on it.
	Marked   bool
	Deleting bool
	// Superseded is the epoch that comes in its place, or zero.
	Superseded int
	// Class is the claim's StorageClass, Size what it asks for in bytes.
	Class string
	Size  int64
	// Growable: its StorageClass allows volumes to grow.
	Growable bool
	// Growing says what of a growth is not done yet; empty when all is.
	Growing string
}

// EtcdView is a linearizable member list: proof of a quorum at that moment.
type EtcdView struct {
	// Reached is false when no member answered; Error then says why.
	Reached   bool
	Error     string
	ClusterID etcd.ClusterID
	Members   etcd.Members
}
