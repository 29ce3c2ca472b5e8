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
	// Members has one entry for each ordinal that exists or shall exist.
	Members []Member
	// Etcd is the cluster's own linearizable answer.
	Etcd EtcdView
	// Lags are the wishes that running members do not follow yet.
	Lags []Lag
}

// Record is what the operator wrote down about a cluster, under the
// resourceVersion it had read: it survives the operator.
type Record struct {
	// Operator is the one that claimed the cluster.
	Operator string
	// ClusterID is not zero once the cluster was seen with a quorum.
	ClusterID etcd.ClusterID
	// Birth is the grant under which the cluster forms or formed.
	Birth *Birth
}

// Birth is a one-time grant: these volumes, and no others, may form a cluster.
type Birth struct {
	Token   string
	Members []BirthMember
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
	// Expiry is the first end of any certificate, RFC 3339; empty when none
	// could be read.
	Expiry string
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
	// Outdated: the pod was made from an older template than the present one.
	Outdated bool
	// Trouble is why the pod or its claim does not come up; nil if nothing is
	// known to hinder it.
	Trouble *Trouble
	Claim   *Claim
	// Agent is what the agent reported; nil when it was not reached, and then
	// AgentError says why.
	Agent      *control.Report
	AgentError string
}

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
	// Marked: annotation and owner are as they shall be for a formed cluster.
	Marked   bool
	Deleting bool
}

// EtcdView is a linearizable member list: proof of a quorum at that moment.
type EtcdView struct {
	// Reached is false when no member answered; Error then says why.
	Reached   bool
	Error     string
	ClusterID etcd.ClusterID
	Members   etcd.Members
}

// Lag is a wish that this release cannot bring to running members.
type Lag struct {
	// Message names the field, what runs and what was asked for.
	Message string
}
