package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// EtcdClusterStatus says what Quorate sees and does.
type EtcdClusterStatus struct {
	// The generation of the object that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// The cluster's ID as etcd prints it, in hexadecimal. Set once the cluster is
	// formed, and never changed but by a restore.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	ClusterID string `json:"clusterID,omitempty"`

	// The etcd version that every member has reached.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Version string `json:"version,omitempty"`

	// The name of the pod that leads. Empty while there is no leader.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Leader string `json:"leader,omitempty"`

	// Healthy voters out of all voters, such as "3/3".
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Quorum string `json:"quorum,omitempty"`

	// Number of member pods.
	// +optional
	Replicas int32 `json:"replicas"`

	// Number of member pods that are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`

	// Label selector of the member pods, for `kubectl scale` and autoscalers.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Selector string `json:"selector,omitempty"`

	// Name of the Service that clients use, on port 2379.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ServiceName string `json:"serviceName,omitempty"`

	// The members, by name.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Members []MemberStatus `json:"members,omitempty"`

	// What can be said of the cluster: Ready, Quorate, Progressing, Stalled,
	// BackupHealthy, CertificatesValid and Secured.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// The operator that acts on this cluster, as namespace/name. Another operator
	// stands back.
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Operator string `json:"operator,omitempty"`

	// The record of the cluster's birth, until it is formed.
	// +optional
	Birth *Birth `json:"birth,omitempty"`

	// The last volume that was admitted as a learner, and under which ID.
	// +optional
	Joining *Joining `json:"joining,omitempty"`

	// Which of its sets of volumes the cluster lives on: raised by each restore in
	// place. Claims are named data-POD in the first (0 or 1), data-N-POD later.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Epoch int32 `json:"epoch,omitempty"`

	// The EtcdRestore that is carried out, or was the last one.
	// +optional
	Restore *RestoreRecord `json:"restore,omitempty"`

	// What Quorate is about to do, written before it is done.
	// +optional
	Intent *Intent `json:"intent,omitempty"`
}

// MemberRole says what part a member has in the cluster.
// +kubebuilder:validation:Enum=Leader;Voter;Learner;Joining
type MemberRole string

const (
	// RoleLeader is the voter that leads.
	RoleLeader MemberRole = "Leader"
	// RoleVoter counts towards quorum.
	RoleVoter MemberRole = "Voter"
	// RoleLearner receives data and does not vote yet.
	RoleLearner MemberRole = "Learner"
	// RoleJoining was added to the cluster, or waits to be, and has not started.
	RoleJoining MemberRole = "Joining"
)

// MemberStatus is what is known of one member.
type MemberStatus struct {
	// Name of the member, which is that of its pod.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// The member's ID as etcd prints it, in hexadecimal.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	ID string `json:"id,omitempty"`

	// Leader, Voter, Learner or Joining.
	// +optional
	Role MemberRole `json:"role,omitempty"`

	// The etcd version that the member runs.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Version string `json:"version,omitempty"`

	// Whether the member serves.
	// +optional
	Ready bool `json:"ready"`

	// Why it does not, and what to do.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
}

// Birth is the one-time grant under which empty volumes may form a cluster.
type Birth struct {
	// The cluster token, fresh for each attempt.
	// +kubebuilder:validation:MaxLength=128
	// +required
	Token string `json:"token"`

	// The members of the new cluster and the volumes that they were granted.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Members []BirthMember `json:"members,omitempty"`

	// The snapshot with whose data the cluster begins; none for one that begins
	// empty.
	// +optional
	Restore *BirthRestore `json:"restore,omitempty"`

	// Whether this attempt failed before there was a quorum, and its volumes are
	// being emptied for another.
	// +optional
	Discarding bool `json:"discarding,omitempty"`
}

// BirthRestore is the snapshot that a birth begins with.
type BirthRestore struct {
	// SHA-256 of the snapshot, in hexadecimal digits.
	// +kubebuilder:validation:MaxLength=64
	// +required
	SHA256 string `json:"sha256"`

	// How far the first revision lies above the last one of the snapshot.
	// +optional
	BumpRevisions int64 `json:"bumpRevisions,omitempty"`
}

// BirthMember is one member of a birth.
type BirthMember struct {
	// Name of the member.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// Identity of the volume that the member was granted.
	// +kubebuilder:validation:MaxLength=128
	// +required
	VolumeID string `json:"volumeID"`
}

// Joining ties an ID of the member list to the one volume that may bear it.
type Joining struct {
	// Name of the member.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// The member's ID as etcd prints it, in hexadecimal.
	// +kubebuilder:validation:MaxLength=32
	// +required
	ID string `json:"id"`

	// Identity of the volume that was admitted.
	// +kubebuilder:validation:MaxLength=128
	// +required
	VolumeID string `json:"volumeID"`
}

// Intent is an act that Quorate is about to perform. It is written with the
// object's resourceVersion, so that of two operators only one acts.
type Intent struct {
	// Counts the acts of this cluster.
	// +required
	Number int64 `json:"number"`

	// What is done.
	// +kubebuilder:validation:MaxLength=64
	// +required
	Action string `json:"action"`

	// What it is done to.
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Target string `json:"target,omitempty"`
}
