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
type Storage struct {
	// Size of each member's volume, such as 8Gi; at least 1Gi. No default: either
	// this or `ephemeral` is required. It may grow, never shrink. etcd's database
	// gets a part of it: see `etcd.quotaBackend`.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// Name of the StorageClass of the volumes. Default: the default StorageClass
	// of the Kubernetes cluster. This release cannot change it later.
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
