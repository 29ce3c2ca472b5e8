package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdBackup is one backup of one cluster. It is complete once it was proven: read
// back from the store, or restored. It outlives its cluster, and what lies in
// the store outlives it, unless `deletionPolicy` is Delete.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=etcdbackups,singular=etcdbackup,categories=quorate,scope=Namespaced
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name=Cluster,type=string,JSONPath=`.spec.clusterName`,description="The EtcdCluster that is backed up."
// +kubebuilder:printcolumn:name=Status,type=string,JSONPath=`.status.conditions[?(@.type=="Complete")].reason`,description="Complete, or how far it is, or why it failed."
// +kubebuilder:printcolumn:name=Revision,type=integer,JSONPath=`.status.revision`,description="Every write up to this revision is in the backup."
// +kubebuilder:printcolumn:name=Size,type=string,JSONPath=`.status.size`,description="Size of the database."
// +kubebuilder:printcolumn:name=Verified,type=string,JSONPath=`.status.verified`,description="How the backup was proven."
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the object was created."
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must be at most 52 characters, because Jobs are named after it; choose a shorter name"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must not contain dots, because pods are named after it; use dashes"
type EtcdBackup struct {
	metav1.TypeMeta `json:",inline"`

	// Standard object metadata. The name has at most 52 characters and contains no
	// dots.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What to back up, and where to.
	// +required
	Spec EtcdBackupSpec `json:"spec"`

	// What has become of it.
	// +optional
	Status EtcdBackupStatus `json:"status,omitzero"`
}

// EtcdBackupList is a list of EtcdBackup objects.
//
// +kubebuilder:object:root=true
type EtcdBackupList struct {
	metav1.TypeMeta `json:",inline"`

	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The backups.
	Items []EtcdBackup `json:"items"`
}

// EtcdBackupSpec says what to back up, and where to. Only `deletionPolicy` and
// `withoutQuorum` can change later.
//
// +kubebuilder:validation:XValidation:rule=`self.clusterName == oldSelf.clusterName && self.store == oldSelf.store`,message="spec.clusterName and spec.store are immutable, because the backup lies where it was written; make another EtcdBackup"
// +kubebuilder:validation:XValidation:rule=`has(self.encryption) == has(oldSelf.encryption) && (!has(self.encryption) || self.encryption == oldSelf.encryption)`,fieldPath=".encryption",message="spec.encryption is immutable, because the backup was written with it; make another EtcdBackup"
// +kubebuilder:validation:XValidation:rule=`(has(self.compression) ? self.compression : 'Zstd') == (has(oldSelf.compression) ? oldSelf.compression : 'Zstd') && (has(self.verification) ? self.verification : 'Hash') == (has(oldSelf.verification) ? oldSelf.verification : 'Hash')`,message="spec.compression and spec.verification are immutable, because the backup was written with them; make another EtcdBackup"
type EtcdBackupSpec struct {
	// Name of the EtcdCluster to back up, in the same namespace. No default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +required
	ClusterName string `json:"clusterName"`

	// Whether the database of the member that has most is taken while there is no
	// quorum. What others acknowledged without it is not in it. May be set later,
	// on a backup that waits. Default: false; the backup waits for a quorum.
	// +optional
	WithoutQuorum bool `json:"withoutQuorum,omitempty"`

	BackupTemplate `json:",inline"`

	// What happens to the data when the object is deleted: Retain leaves it in the
	// store, Delete deletes it. Default: Retain.
	// +kubebuilder:default=Retain
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// BackupTemplate is what a backup has beside its cluster and its deletionPolicy,
// by itself or made by a schedule.
type BackupTemplate struct {
	// Where the backup lies. No default.
	// +required
	Store BackupStore `json:"store"`

	// How the backup is compressed: Zstd or None. Default: Zstd.
	// +kubebuilder:default=Zstd
	// +optional
	Compression BackupCompression `json:"compression,omitempty"`

	// For whom the backup is encrypted. Default: it is not.
	// +optional
	Encryption *BackupEncryption `json:"encryption,omitempty"`

	// How the backup is proven. Hash: it is read back from the store and compared.
	// Restore: it is restored from the store, etcd is started on it, and the hash
	// of its keys is compared with the cluster's; that takes as much space on the
	// node as the database, twice. Default: Hash.
	// +kubebuilder:default=Hash
	// +optional
	Verification BackupVerification `json:"verification,omitempty"`

	// How long the backup may take, with all its attempts, such as 2h; between 1m
	// and 240h. Default: 6h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('240h')`,message="deadline must be between 1m and 240h, in hours, minutes and seconds such as 2h"
	// +optional
	Deadline *metav1.Duration `json:"deadline,omitempty"`

	// How many bytes per second of the database are read at most, such as 64Mi, or
	// in bytes; between 1Mi and 1Ti. What was stored is read back as fast. The less,
	// the less the writes of clients are held up, and the longer it takes. Default:
	// 32Mi.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="maxBytesPerSecond must be a whole number of bytes, with or without a suffix, such as 64Mi"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Ti')) <= 0)`,message="maxBytesPerSecond must be between 1Mi and 1Ti: while a database is read etcd cannot use its free pages again, so it must not take for ever"
	// +optional
	MaxBytesPerSecond *resource.Quantity `json:"maxBytesPerSecond,omitempty"`

	// How the pods of the backup's Jobs run. Default: as any.
	// +optional
	Job JobTemplate `json:"job,omitzero"`
}

// BackupCompression is how a backup is compressed.
// +kubebuilder:validation:Enum=Zstd;None
type BackupCompression string

const (
	// CompressionZstd compresses with zstd.
	CompressionZstd BackupCompression = "Zstd"
	// CompressionNone leaves the data as it is.
	CompressionNone BackupCompression = "None"
)

// BackupVerification is how a backup is proven.
// +kubebuilder:validation:Enum=Hash;Restore
type BackupVerification string

const (
	// VerificationHash reads the backup back from the store.
	VerificationHash BackupVerification = "Hash"
	// VerificationRestore restores it and starts etcd on it.
	VerificationRestore BackupVerification = "Restore"
)

// DeletionPolicy is what happens to the data when the object is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionRetain leaves the data in the store.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes it.
	DeletionDelete DeletionPolicy = "Delete"
)

// EtcdBackupStatus is what has become of a backup. Once it is complete, or has
// failed, nothing in it changes.
type EtcdBackupStatus struct {
	// The generation that was last looked at.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Whether the backup is complete, and proven.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// When it was begun.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// When it was complete.
	// +optional
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`

	// How long it took to read the database, write it into the store and prove it,
	// such as 1m30s.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Duration string `json:"duration,omitempty"`

	// How long of that the database took on its way from the member until the store
	// had all of it, such as 1m.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	SavedIn string `json:"savedIn,omitempty"`

	// How long of that it took to read all of it back from the store and compare.
	// What is left of the duration are the hash of the cluster's keys before, and
	// with verification Restore the restore after.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	ReadBackIn string `json:"readBackIn,omitempty"`

	// URL of the data in the store.
	// +optional
	Location string `json:"location,omitempty"`

	// Every write up to this revision is in the backup.
	// +optional
	Revision int64 `json:"revision,omitempty"`

	// Size of the database, for people: such as 1.5GiB. The manifest in the store
	// has it in bytes.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Size string `json:"size,omitempty"`

	// Size of the data in the store, for people.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	StoredSize string `json:"storedSize,omitempty"`

	// SHA-256 of the database, in hexadecimal digits.
	// +optional
	SHA256 string `json:"sha256,omitempty"`

	// What the cluster said of its keys before they were read. A cluster that is
	// restored says the same of them, until it compacts its history.
	// +optional
	HashKV *BackupHashKV `json:"hashKV,omitempty"`

	// How it was proven: Hash or Restore.
	// +optional
	Verified BackupVerification `json:"verified,omitempty"`

	// ID of the cluster, in hexadecimal digits.
	// +optional
	ClusterID string `json:"clusterID,omitempty"`

	// Version of etcd that the data is from.
	// +optional
	EtcdVersion string `json:"etcdVersion,omitempty"`

	// The operator that acts on it, as namespace/name.
	// +optional
	Operator string `json:"operator,omitempty"`
}

// BackupHashKV is etcd's hash over all keys and their history, up to a revision.
type BackupHashKV struct {
	// The revision.
	// +required
	Revision int64 `json:"revision"`

	// The revision up to which the history was compacted. Only hashes with the
	// same one can be compared.
	// +required
	CompactRevision int64 `json:"compactRevision"`

	// The hash.
	// +required
	Hash int64 `json:"hash"`
}

// Types of the conditions of an EtcdBackup.
const (
	// ConditionComplete: the backup is in the store, and proven.
	ConditionComplete = "Complete"
	// ConditionFailed: there will be no backup; the message says why.
	ConditionFailed = "Failed"
	// ConditionDataDeleted, while the object is being deleted with its data: the
	// data is gone; or why it is not.
	ConditionDataDeleted = "DataDeleted"
	// ConditionAvailable: False where a complete backup is missing in the store,
	// because somebody else has deleted it there. Absent while nobody missed it.
	ConditionAvailable = "Available"
)
