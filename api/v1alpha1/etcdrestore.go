package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdRestore replaces the data of an EtcdCluster that exists, once: by that of a
// backup or, where quorum is lost for good, by that of one member that survived. The
// cluster keeps its name, its Services and its certificates. While the object is
// there and the cluster has not formed anew, deleting it takes everything back.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=etcdrestores,singular=etcdrestore,categories=quorate,scope=Namespaced
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name=Cluster,type=string,JSONPath=`.spec.clusterName`,description="The EtcdCluster whose data is replaced."
// +kubebuilder:printcolumn:name=Source,type=string,JSONPath=`.spec.source`,description="Where the data comes from."
// +kubebuilder:printcolumn:name=Status,type=string,JSONPath=`.status.conditions[?(@.type=="Complete")].reason`,description="Complete, or how far it is, or what it waits for."
// +kubebuilder:printcolumn:name=Old-Volumes-Until,type=string,JSONPath=`.status.keptUntil`,description="Until when the volumes with the former data are kept."
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the object was created."
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must be at most 52 characters, because Jobs are named after it; choose a shorter name"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must not contain dots, because pods are named after it; use dashes"
type EtcdRestore struct {
	metav1.TypeMeta `json:",inline"`

	// Standard object metadata. The name has at most 52 characters and contains no
	// dots.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which data to replace, and by what.
	// +required
	Spec EtcdRestoreSpec `json:"spec"`

	// What has become of it.
	// +optional
	Status EtcdRestoreStatus `json:"status,omitzero"`
}

// EtcdRestoreList is a list of EtcdRestore objects.
//
// +kubebuilder:object:root=true
type EtcdRestoreList struct {
	metav1.TypeMeta `json:",inline"`

	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The restores.
	Items []EtcdRestore `json:"items"`
}

// RestoreFrom is where an EtcdRestore takes the data from.
// +kubebuilder:validation:Enum=backup;survivor
type RestoreFrom string

const (
	// RestoreFromBackup takes a backup.
	RestoreFromBackup RestoreFrom = "backup"
	// RestoreFromSurvivor takes the member that has most.
	RestoreFromSurvivor RestoreFrom = "survivor"
)

// DefaultKeepOldFor is how long former volumes are kept where spec.keepOldFor is not
// set.
const DefaultKeepOldFor = 168 * time.Hour

// EtcdRestoreSpec says which data to replace, and by what. `clusterName`, `source`
// and `backup` are immutable; `dryRun` can be taken back, and not set later.
//
// +kubebuilder:validation:XValidation:rule=`self.source == 'backup' ? has(self.backup) : !has(self.backup)`,fieldPath=".backup",message="spec.backup goes with source backup, and only with it: say which backup is meant"
// +kubebuilder:validation:XValidation:rule=`self.source == 'survivor' || !has(self.lostMembers)`,fieldPath=".lostMembers",message="spec.lostMembers belongs to source survivor; remove it"
// +kubebuilder:validation:XValidation:rule=`self.clusterName == oldSelf.clusterName && self.source == oldSelf.source`,message="spec.clusterName and spec.source are immutable; make another EtcdRestore"
// +kubebuilder:validation:XValidation:rule=`has(self.backup) == has(oldSelf.backup) && (!has(self.backup) || self.backup == oldSelf.backup)`,fieldPath=".backup",message="spec.backup is immutable, because the restore may have begun with it; make another EtcdRestore"
// +kubebuilder:validation:XValidation:rule=`!(has(self.dryRun) && self.dryRun) || (has(oldSelf.dryRun) && oldSelf.dryRun)`,fieldPath=".dryRun",message="spec.dryRun cannot be set later, because the restore may have begun; delete the EtcdRestore to take it back"
type EtcdRestoreSpec struct {
	// Name of the EtcdCluster whose data is replaced, in the same namespace. No
	// default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +required
	ClusterName string `json:"clusterName"`

	// Where the data comes from. backup: the one that `backup` names; all pods are
	// stopped, and the cluster is born anew on new volumes. survivor: the member,
	// of those that are left, whose log goes furthest; only without a quorum.
	// No default.
	// +required
	Source RestoreFrom `json:"source"`

	// Which backup, for source backup. No default.
	// +optional
	Backup *RestoreSource `json:"backup,omitempty"`

	// IDs of members that are lost for good, for source survivor, as etcd prints
	// them: those of which nothing else says so. Whoever is named here must never
	// come back. Default: none.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=16
	// +kubebuilder:validation:items:Pattern=`^[0-9a-f]{1,16}$`
	// +listType=set
	// +optional
	LostMembers []string `json:"lostMembers,omitempty"`

	// How long the volumes with the former data are kept once the cluster is Ready
	// again, such as 72h; at most 8760h. With source survivor it means nothing: the
	// survivor keeps its volume, and the claims of lost members are deleted.
	// Default: 168h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) <= duration('8760h')`,message="keepOldFor must be at most 8760h, in hours, minutes and seconds such as 72h"
	// +optional
	KeepOldFor *metav1.Duration `json:"keepOldFor,omitempty"`

	// Only say what would be done, and what may be lost. Default: false.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
}

// EtcdRestoreStatus is what has become of a restore.
type EtcdRestoreStatus struct {
	// The generation of the object that this status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Complete, with how far it is.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// When the cluster's own data was given up for it.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// When the cluster was Ready again.
	// +optional
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`

	// The cluster's ID before the restore, as etcd prints it.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	FormerClusterID string `json:"formerClusterID,omitempty"`

	// The cluster's ID after the restore. A survivor keeps it.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	ClusterID string `json:"clusterID,omitempty"`

	// The highest revision that the former cluster was seen to have; 0: none was.
	// +optional
	LastRevision int64 `json:"lastRevision,omitempty"`

	// Until when the volumes with the former data are kept. Their claims bear the
	// annotation etcd.quorate.dev/kept-until, which can be changed there.
	// +optional
	KeptUntil *metav1.Time `json:"keptUntil,omitempty"`
}

// RestoreRecord is what an EtcdCluster's status remembers of an EtcdRestore.
type RestoreRecord struct {
	// The EtcdRestore.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name"`

	// Its UID: another one of its name is another restore.
	// +kubebuilder:validation:MaxLength=64
	// +required
	UID string `json:"uid"`

	// backup or survivor.
	// +required
	Source RestoreFrom `json:"source"`

	// The member that was told to survive the others, for source survivor. From then
	// on it is not taken back.
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Survivor string `json:"survivor,omitempty"`

	// The epoch of the new volumes.
	// +optional
	Epoch int32 `json:"epoch,omitempty"`

	// The epoch and the cluster's ID before, to which all goes back if the
	// EtcdRestore is deleted before the cluster has formed anew.
	// +optional
	FormerEpoch int32 `json:"formerEpoch,omitempty"`

	// The cluster's ID before.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	FormerClusterID string `json:"formerClusterID,omitempty"`

	// The highest revision that the former cluster was seen to have.
	// +optional
	LastRevision int64 `json:"lastRevision,omitempty"`

	// The highest revision that the cluster was seen to have once it was Ready.
	// +optional
	Revision int64 `json:"revision,omitempty"`

	// When it was begun.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`

	// When the cluster was Ready again.
	// +optional
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}
