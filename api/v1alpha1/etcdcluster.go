package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdCluster is one etcd cluster. Quorate runs it as a StatefulSet of pods
// that embed the etcd server, and forms, secures, repairs and upgrades it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=etcdclusters,singular=etcdcluster,shortName=etcd,categories=quorate,scope=Namespaced
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:printcolumn:name=Ready,type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether this generation is served by a healthy quorum."
// +kubebuilder:printcolumn:name=Quorum,type=string,JSONPath=`.status.quorum`,description="Healthy voters out of all voters."
// +kubebuilder:printcolumn:name=Leader,type=string,JSONPath=`.status.leader`,description="The pod that leads."
// +kubebuilder:printcolumn:name=Version,type=string,JSONPath=`.status.version`,description="The etcd version that every member has reached."
// +kubebuilder:printcolumn:name=Backup,type=string,JSONPath=`.status.conditions[?(@.type=="BackupHealthy")].status`,description="Whether the last backup is proven and recent."
// +kubebuilder:printcolumn:name=Reason,type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why the cluster is ready or not."
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the object was created."
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must be at most 52 characters, because each pod's DNS name is the cluster's name with a suffix and holds 63; choose a shorter name"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must not contain dots, because it becomes one label of each pod's DNS name; use dashes"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.matches('^[0-9]')",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must start with a letter, because a Service is named after it; put a letter first"
type EtcdCluster struct {
	metav1.TypeMeta `json:",inline"`

	// Standard object metadata. The name has at most 52 characters, starts with
	// a letter and contains no dots, because each pod's DNS name is made of it.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What the cluster should be. `replicas`, `version` and `storage` are enough
	// for a secure cluster.
	// +required
	Spec EtcdClusterSpec `json:"spec"`

	// What Quorate sees and does. Nothing in it changes while the cluster is at
	// rest.
	// +optional
	Status EtcdClusterStatus `json:"status,omitzero"`
}

// EtcdClusterList is a list of EtcdCluster objects.
//
// +kubebuilder:object:root=true
type EtcdClusterList struct {
	metav1.TypeMeta `json:",inline"`

	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The clusters.
	Items []EtcdCluster `json:"items"`
}

// EtcdClusterSpec says what a cluster should be.
//
// +kubebuilder:validation:XValidation:rule=`(has(self.tls) && has(self.tls.disabled) && self.tls.disabled) == (has(oldSelf.tls) && has(oldSelf.tls.disabled) && oldSelf.tls.disabled)`,fieldPath=".tls",message="spec.tls.disabled cannot change while the cluster exists: that is not supported by this release of Quorate; set it back, or make a new cluster"
// +kubebuilder:validation:XValidation:rule=`(has(self.tls) && has(self.tls.issuerRef)) == (has(oldSelf.tls) && has(oldSelf.tls.issuerRef)) && (!has(self.tls) || !has(self.tls.issuerRef) || self.tls.issuerRef == oldSelf.tls.issuerRef)`,fieldPath=".tls",message="spec.tls.issuerRef is immutable, because running members trust the authority that they were started with: it can be neither added, changed nor removed; set it back, or make a new cluster and copy the data"
// +kubebuilder:validation:XValidation:rule=`(has(self.tls) && has(self.tls.secretRefs)) == (has(oldSelf.tls) && has(oldSelf.tls.secretRefs)) && (!has(self.tls) || !has(self.tls.secretRefs) || self.tls.secretRefs == oldSelf.tls.secretRefs)`,fieldPath=".tls",message="spec.tls.secretRefs is immutable, because running members trust the authority that they were started with: it can be neither added, changed nor removed; set it back and renew what the Secrets hold, or make a new cluster and copy the data"
// +kubebuilder:validation:XValidation:rule=`has(self.bootstrap) == has(oldSelf.bootstrap) && (!has(self.bootstrap) || self.bootstrap == oldSelf.bootstrap)`,message="spec.bootstrap is immutable, because a cluster is born once: it can be neither added, changed nor removed; set it back to what it was"
// +kubebuilder:validation:XValidation:rule=`!has(self.etcd) || !has(self.etcd.quotaBackend) || !has(self.storage.size) || ![string(self.etcd.quotaBackend), string(self.storage.size)].all(q, q.matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')) || quantity(string(self.etcd.quotaBackend)).add(quantity('512Mi')).compareTo(quantity(string(self.storage.size))) <= 0`,fieldPath=".etcd",message="spec.etcd.quotaBackend must be at least 512Mi below spec.storage.size, which also holds the write-ahead log and snapshots; lower the quota or raise the size"
type EtcdClusterSpec struct {
	// Number of voting members: 1, 3, 5, 7 or 9. Default: 3. A cluster of N
	// members works as long as more than half of them do: 3 survive the loss of
	// 1, 5 the loss of 2. Even sizes are refused, because they survive no more
	// losses than one member fewer. May be changed at any time, with
	// `kubectl scale` too: members join as learners and leave one at a time.
	// +kubebuilder:validation:XValidation:rule=`self >= 1`,message="spec.replicas must be at least 1, because the members hold the data; to be rid of the cluster delete the EtcdCluster, which keeps its volumes by default"
	// +kubebuilder:validation:XValidation:rule=`self <= 9`,message="spec.replicas must be at most 9, because every write waits for a majority of the members; use 3, 5, 7 or 9"
	// +kubebuilder:validation:XValidation:rule=`self != 2`,message="spec.replicas must be odd, because 2 members survive no loss, no more than 1 does; use 1 or 3"
	// +kubebuilder:validation:XValidation:rule=`self != 4`,message="spec.replicas must be odd, because 4 members survive the loss of only 1, no more than 3 do; use 3 or 5"
	// +kubebuilder:validation:XValidation:rule=`self != 6`,message="spec.replicas must be odd, because 6 members survive the loss of only 2, no more than 5 do; use 5 or 7"
	// +kubebuilder:validation:XValidation:rule=`self != 8`,message="spec.replicas must be odd, because 8 members survive the loss of only 3, no more than 7 do; use 7 or 9"
	// +kubebuilder:default=3
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// Version of etcd to run, such as "3.7.3": three numbers without a leading
	// "v". No default. An upgrade moves one minor release at a time.
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(0|[1-9][0-9]{0,2})[.](0|[1-9][0-9]{0,2})[.](0|[1-9][0-9]{0,3})$')`,message="spec.version must be three numbers such as 3.7.3, without a leading v"
	// +kubebuilder:validation:MaxLength=16
	// +required
	Version string `json:"version"`

	// Where each member keeps its data.
	// +required
	Storage Storage `json:"storage"`

	// How clients and members prove who they are. Default: mutual TLS on the
	// client and the peer port, under certificate authorities that Quorate makes
	// for this cluster alone. `tls: {}` and leaving it out mean the same.
	// +optional
	TLS TLS `json:"tls,omitzero"`

	// Settings of the etcd server. Default: etcd's own, but for what each field
	// says.
	// +optional
	Etcd EtcdConfiguration `json:"etcd,omitzero"`

	// How a change of version, configuration or pod template reaches the
	// members. Default: one after the other, without asking.
	// +optional
	Update Update `json:"update,omitzero"`

	// What is done about etcd's database while it serves: giving space back, and
	// coming out of a full one. A change of it restarts nothing.
	// +optional
	Maintenance Maintenance `json:"maintenance,omitzero"`

	// What to add to each member's pod: labels, annotations, scheduling,
	// resources, environment. Default: nothing.
	// +optional
	PodTemplate PodTemplate `json:"podTemplate,omitzero"`

	// Where the first data comes from. Default: the cluster starts empty. Cannot
	// be set, changed or removed once the cluster exists.
	// +optional
	Bootstrap *Bootstrap `json:"bootstrap,omitempty"`

	// Whether Quorate leaves this cluster alone. Default: false. While true,
	// etcd keeps running and status keeps being reported, but nothing is
	// repaired, scaled or rolled out.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// Whether the cluster rests: no pods and no clients, its volumes and
	// certificates kept. Default: false. All members stop together, and set back
	// to false the same cluster returns with its data. A hibernated cluster is
	// never reported as Ready.
	// +optional
	Hibernated bool `json:"hibernated,omitempty"`
}

// UpdateMode says who decides when the next member is restarted.
// +kubebuilder:validation:Enum=Automatic;Supervised
type UpdateMode string

const (
	// UpdateAutomatic restarts one member after the other without asking.
	UpdateAutomatic UpdateMode = "Automatic"
	// UpdateSupervised stops before each member and waits for approval.
	UpdateSupervised UpdateMode = "Supervised"
)

// Update says how changes reach the members.
type Update struct {
	// Automatic restarts one member after the other as long as quorum is safe.
	// Supervised stops before each member that serves, names it in the condition
	// Stalled, and waits until the EtcdCluster bears the annotation
	// etcd.quorate.dev/approve with the value that the condition gives.
	// Default: Automatic.
	// +kubebuilder:default=Automatic
	// +optional
	Mode UpdateMode `json:"mode,omitempty"`
}

// Bootstrap says where a new cluster's first data comes from.
type Bootstrap struct {
	// Start with the data of a backup instead of empty. Members get it by a Job
	// before any of them starts; nothing starts from one that is damaged, cannot be
	// decrypted, or was written by a newer etcd. Default: start empty.
	// +optional
	Restore *RestoreSource `json:"restore,omitempty"`
}

// RestoreSource names the backup that a new cluster starts from: an EtcdBackup
// by name, or what lies in a store.
//
// +kubebuilder:validation:XValidation:rule=`has(self.backupName) != has(self.store)`,message="restore must have either backupName or store: say which backup is meant"
// +kubebuilder:validation:XValidation:rule=`!has(self.backupName) || (!has(self.at) && !has(self.file) && !has(self.encryption) && !has(self.clusterName) && !has(self.clusterNamespace))`,message="restore.at, restore.file, restore.encryption, restore.clusterName and restore.clusterNamespace belong to restore.store; remove them beside backupName"
// +kubebuilder:validation:XValidation:rule=`!has(self.file) || !has(self.at)`,message="restore.file names one backup, and restore.at chooses among several; remove one of them"
type RestoreSource struct {
	// Name of an EtcdBackup in the same namespace. No default.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	BackupName string `json:"backupName,omitempty"`

	// A store with backups, as their `spec.store` had it. No default.
	// +optional
	Store *BackupStore `json:"store,omitempty"`

	// Of which cluster backups in `store` are taken: its name. Default: this
	// cluster's.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ClusterName string `json:"clusterName,omitempty"`

	// In which namespace that cluster was. Default: this one.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ClusterNamespace string `json:"clusterNamespace,omitempty"`

	// For whom the backup in `store` is encrypted: a Secret with the key
	// `identities`. Default: it is not.
	// +optional
	Encryption *BackupEncryption `json:"encryption,omitempty"`

	// Name of one file in `store` that `etcdctl snapshot save` wrote. Default: none; the
	// newest backup is taken, or the one that `at` says.
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`
	// +kubebuilder:validation:MaxLength=255
	// +optional
	File string `json:"file,omitempty"`

	// A moment in UTC such as 2026-01-31T12:00:00Z: the newest backup in `store` that
	// was begun no later is taken. Default: the newest of all.
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$')`,message="at must be a moment in UTC such as 2026-01-31T12:00:00Z"
	// +kubebuilder:validation:MaxLength=20
	// +optional
	At string `json:"at,omitempty"`
}
