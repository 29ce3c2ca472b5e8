package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdConfiguration holds settings of the etcd server. A change of any of them
// restarts the members one after the other.
//
// +kubebuilder:validation:XValidation:rule=`![(has(self.heartbeatInterval) ? self.heartbeatInterval : '100ms'), (has(self.electionTimeout) ? self.electionTimeout : '1000ms')].all(d, d.matches('^([0-9]{1,5}ms|[0-9]{1,2}([.][0-9]{1,3})?s)$')) || duration((has(self.electionTimeout) ? self.electionTimeout : '1000ms')).getMilliseconds() >= 5 * duration((has(self.heartbeatInterval) ? self.heartbeatInterval : '100ms')).getMilliseconds()`,message="spec.etcd.electionTimeout (1000ms when not set) must be at least five times spec.etcd.heartbeatInterval (100ms when not set), or one late heartbeat costs an election; raise electionTimeout"
type EtcdConfiguration struct {
	// Largest size of etcd's database, such as 4Gi, or in bytes; between 16Mi and
	// 8Gi, and at least 512Mi below `storage.size`. Default: half of what
	// `storage.size` leaves above 512Mi, at most 8Gi. A database that reaches it
	// refuses further writes until it is compacted and defragmented.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="spec.etcd.quotaBackend must be a whole number of bytes, with or without a suffix, such as 4Gi"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('16Mi')) >= 0 && quantity(string(self)).compareTo(quantity('8Gi')) <= 0)`,message="spec.etcd.quotaBackend must be between 16Mi and 8Gi, because larger databases take too long to copy and to open; keep less in one cluster"
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
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}ms|[0-9]{1,2}([.][0-9]{1,3})?s)$`
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}ms|[0-9]{1,2}([.][0-9]{1,3})?s)$') && duration(self) >= duration('10ms') && duration(self) <= duration('10s')`,message="spec.etcd.heartbeatInterval must be between 10ms and 10s, in milliseconds or seconds such as 100ms"
	// +optional
	HeartbeatInterval *metav1.Duration `json:"heartbeatInterval,omitempty"`

	// Time without a heartbeat after which a member calls an election, in
	// milliseconds or seconds such as 1000ms; at least five times
	// `heartbeatInterval` and at most 50s. Default: 1000ms. Longer rides out
	// slower networks; shorter replaces a dead leader sooner.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}ms|[0-9]{1,2}([.][0-9]{1,3})?s)$`
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}ms|[0-9]{1,2}([.][0-9]{1,3})?s)$') && duration(self) >= duration('50ms') && duration(self) <= duration('50s')`,message="spec.etcd.electionTimeout must be between 50ms and 50s, in milliseconds or seconds such as 1000ms"
	// +optional
	ElectionTimeout *metav1.Duration `json:"electionTimeout,omitempty"`

	// Largest request that etcd accepts, such as 1536Ki, or in bytes; between
	// 64Ki and 10Mi. Default: 1536Ki. Large requests hold up all others.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="spec.etcd.maxRequestBytes must be a whole number of bytes, with or without a suffix, such as 1536Ki"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('64Ki')) >= 0 && quantity(string(self)).compareTo(quantity('10Mi')) <= 0)`,message="spec.etcd.maxRequestBytes must be between 64Ki and 10Mi, because larger requests hold up all others"
	// +optional
	MaxRequestBytes *resource.Quantity `json:"maxRequestBytes,omitempty"`

	// Further options of etcd as its command line names them, without the dashes
	// in front, such as `max-txn-ops: "256"`. Default: none. Options that Quorate
	// sets itself, and those that have a field of their own, are refused.
	// +kubebuilder:validation:XValidation:rule=`self.all(k, size(k) >= 2 && size(k) <= 48 && k.charAt(0) >= 'a' && [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47].all(i, i >= size(k) || k.charAt(i) in ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-']))`,message="spec.etcd.extraConfig takes options as etcd's command line names them, without the dashes in front: small letters, digits and dashes, 2 to 48 characters; correct the name"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !(k in ['name', 'version', 'logger', 'config-file', 'strict-reconfig-check', 'pre-vote', 'max-learners', 'cipher-suites', 'auth-token', 'memory-mlock', 'enable-log-rotation', 'auto-tls', 'v2-deprecation', 'enable-v2']) && !['data-', 'wal-', 'listen-', 'initial-', 'advertise-', 'discovery', 'proxy', 'force-', 'unsafe-', 'log-', 'client-', 'peer-', 'cert-', 'key-', 'trusted-', 'tls-', 'self-signed-'].exists(p, k.startsWith(p)))`,message="spec.etcd.extraConfig must not set options that Quorate owns: names, directories, URLs, birth, membership, TLS, authentication and logging; remove that option"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !(k in ['quota-backend-bytes', 'snapshot-count', 'heartbeat-interval', 'election-timeout', 'max-request-bytes', 'auto-compaction-mode', 'auto-compaction-retention']))`,message="spec.etcd.extraConfig must not set what has a field of its own; use spec.etcd.quotaBackend, snapshotCount, heartbeatInterval, electionTimeout, maxRequestBytes or autoCompaction instead"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('experimental-'))`,message="spec.etcd.extraConfig must not set options that start with experimental-, because etcd 3.7 has none of them; use the name without that prefix, or remove it"
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
//
// +kubebuilder:validation:XValidation:rule=`(has(self.mode) && self.mode != 'periodic') || (self.retention.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && duration(self.retention) >= duration('1s'))`,fieldPath=".retention",message="spec.etcd.autoCompaction.retention must be a duration of at least 1s, in hours, minutes and seconds such as 1h, when mode is periodic"
// +kubebuilder:validation:XValidation:rule=`!has(self.mode) || self.mode != 'revision' || self.retention.matches('^[1-9][0-9]{0,9}$')`,fieldPath=".retention",message="spec.etcd.autoCompaction.retention must be a number of revisions such as 10000 when mode is revision"
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
