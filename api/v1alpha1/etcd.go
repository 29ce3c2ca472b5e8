package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdConfiguration holds settings of the etcd server. A change of any of them
// restarts the members one after the other.
type EtcdConfiguration struct {
	// Largest size of etcd's database, such as 4Gi, or in bytes; between 16Mi and
	// 8Gi, and at least 512Mi below `storage.size`. Default: half of what
	// `storage.size` leaves above 512Mi, at most 8Gi. A database that reaches it
	// refuses further writes until it is compacted and defragmented.
	// +optional
	QuotaBackend *resource.Quantity `json:"quotaBackend,omitempty"`

	// When etcd drops old revisions of keys by itself. Default: never. A
	// kube-apiserver compacts its etcd itself and needs none.
	// +optional
	AutoCompaction *AutoCompaction `json:"autoCompaction,omitempty"`

	// Number of committed entries after which etcd writes a snapshot of its state
	// to disk; between 10 and 1000000. Default: that of the etcd version (10000
	// since 3.6). Lower means less memory and a faster start, and more writing.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	SnapshotCount *int64 `json:"snapshotCount,omitempty"`

	// Time between two heartbeats of the leader, in milliseconds or seconds such
	// as 100ms; between 10ms and 10s. Default: 100ms. About the round-trip time
	// between the members is right.
	// +optional
	HeartbeatInterval *metav1.Duration `json:"heartbeatInterval,omitempty"`

	// Time without a heartbeat after which a member calls an election, in
	// milliseconds or seconds such as 1000ms; at least five times
	// `heartbeatInterval` and at most 50s. Default: 1000ms. Longer rides out
	// slower networks; shorter replaces a dead leader sooner.
	// +optional
	ElectionTimeout *metav1.Duration `json:"electionTimeout,omitempty"`

	// Largest request that etcd accepts, such as 1536Ki, or in bytes; between
	// 64Ki and 10Mi. Default: 1536Ki. Large requests hold up all others.
	// +optional
	MaxRequestBytes *resource.Quantity `json:"maxRequestBytes,omitempty"`

	// Further options of etcd as its command line names them, without the dashes
	// in front, such as `max-txn-ops: "256"`. Default: none. Options that Quorate
	// sets itself, and those that have a field of their own, are refused.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	ExtraConfig map[string]string `json:"extraConfig,omitempty"`
}

// CompactionMode says what etcd counts when it drops old revisions.
// +kubebuilder:validation:Enum=periodic;revision
type CompactionMode string

const (
	// CompactionPeriodic keeps the revisions of the last while.
	CompactionPeriodic CompactionMode = "periodic"
	// CompactionRevision keeps a number of revisions.
	CompactionRevision CompactionMode = "revision"
)

// AutoCompaction says when etcd drops old revisions.
type AutoCompaction struct {
	// periodic keeps the revisions of the last while; revision keeps a number of
	// them. Default: periodic.
	// +kubebuilder:default=periodic
	// +optional
	Mode CompactionMode `json:"mode,omitempty"`

	// How much to keep. With mode periodic a duration in hours, minutes and
	// seconds such as 1h or 30m; with mode revision a number of revisions such as
	// "10000". No default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +required
	Retention string `json:"retention"`
}
