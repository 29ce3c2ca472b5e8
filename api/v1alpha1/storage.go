package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// RetentionPolicy says what becomes of volumes that are no longer needed.
// +kubebuilder:validation:Enum=Retain;Delete
type RetentionPolicy string

const (
	// RetentionRetain keeps the volumes.
	RetentionRetain RetentionPolicy = "Retain"
	// RetentionDelete deletes the volumes.
	RetentionDelete RetentionPolicy = "Delete"
)

// Storage says where each member keeps its data.
//
// +kubebuilder:validation:XValidation:rule=`has(self.size) || has(self.ephemeral)`,message="spec.storage.size is required: set it to the size of each member's volume, such as 8Gi"
// +kubebuilder:validation:XValidation:rule=`!has(self.size) || !has(self.ephemeral)`,message="spec.storage.size and spec.storage.ephemeral exclude each other; remove ephemeral"
// +kubebuilder:validation:XValidation:rule=`!has(self.ephemeral)`,fieldPath=".ephemeral",message="spec.storage.ephemeral is not supported by this release of Quorate; remove it and set spec.storage.size"
// +kubebuilder:validation:XValidation:rule=`has(self.size) == has(oldSelf.size) && has(self.ephemeral) == has(oldSelf.ephemeral)`,message="spec.storage cannot change between size and ephemeral while the cluster exists; set it back to what it was"
// +kubebuilder:validation:XValidation:rule=`!has(self.size) || !has(oldSelf.size) || ![string(self.size), string(oldSelf.size)].all(q, q.matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')) || quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0`,fieldPath=".size",message="spec.storage.size cannot shrink, because volumes only grow; set it back to at least what it was"
// +kubebuilder:validation:XValidation:rule=`!has(oldSelf.storageClassName) || has(self.storageClassName)`,message="spec.storage.storageClassName cannot be removed, because the members' volumes are of that class; set it back, or to the class that the volumes shall move to"
type Storage struct {
	// Size of each member's volume, such as 8Gi; between 1Gi and 64Ti. No default: either
	// this or `ephemeral` is required. It may grow, never shrink: the volumes then
	// grow under the running members, where their StorageClass allows it. etcd's
	// database gets a part of it: see `etcd.quotaBackend`.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="spec.storage.size must be a whole number of bytes with a suffix, such as 8Gi"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('1Gi')) >= 0 && quantity(string(self)).compareTo(quantity('64Ti')) <= 0)`,message="spec.storage.size must be at least 1Gi, because etcd needs room for its write-ahead log and snapshots beside the database, and at most 64Ti"
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// Name of the StorageClass of the volumes. Default: the default StorageClass
	// of the Kubernetes cluster. It may be set or changed later, not removed: the
	// members then move to volumes of the new class one at a time, with one member
	// more than `replicas` meanwhile.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName *string `json:"storageClassName,omitempty"`

	// What becomes of the volumes when the EtcdCluster is deleted: Retain keeps
	// them, and the same manifest applied again finds its data; Delete removes
	// them with all data. Default: Retain.
	// +kubebuilder:default=Retain
	// +optional
	WhenDeleted RetentionPolicy `json:"whenDeleted,omitempty"`

	// Run without volumes: a member that loses its pod has lost its data, and a
	// cluster that loses its pods has lost everything. The explicit way to ask
	// for that is `ephemeral: {}` instead of `size`.
	// +optional
	Ephemeral *EphemeralStorage `json:"ephemeral,omitempty"`
}

// EphemeralStorage says that members keep their data with their pod. It has no
// fields yet.
type EphemeralStorage struct{}
