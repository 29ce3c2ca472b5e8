package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BackupDrill says how the newest proven backup of a schedule is tried: it is
// restored into a cluster of its own in the same namespace, whose keys are compared
// with what the backed up cluster said of them. Then that cluster is deleted. One
// drill is made at a time. The cluster's own version, pod template and settings are
// used, but no compaction, and no labels of its pods, which Services may select.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.interval) || !has(self.schedule)`,message="spec.drill.interval and spec.drill.schedule exclude each other: say one of them"
type BackupDrill struct {
	// How long it is from one drill to the next, such as 24h, in whole minutes;
	// between 1m and 8760h. The first is made as soon as there is a proven backup.
	// Default: 168h, unless `schedule` says when.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('8760h') && duration(self).getSeconds() % 60 == 0`,message="spec.drill.interval must be whole minutes between 1m and 8760h, in hours and minutes such as 24h"
	// +optional
	Interval *metav1.Duration `json:"interval,omitempty"`

	// When drills are made: cron's five fields, as in `spec.schedule` and read in
	// the same time zone, such as `0 4 * * 0`. Default: as `interval` says.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[0-9A-Za-z*?,/-]+( +[0-9A-Za-z*?,/-]+){4})$')`,message="spec.drill.schedule takes five fields, minute, hour, day of the month, month and day of the week, such as `0 4 * * 0`, or one of @hourly, @daily, @weekly, @monthly and @yearly; correct it"
	// +optional
	Schedule string `json:"schedule,omitempty"`

	// Number of members of the throw-away cluster: 1, 3, 5, 7 or 9. Default: 1.
	// +kubebuilder:validation:XValidation:rule=`self in [1, 3, 5, 7, 9]`,message="spec.drill.replicas must be 1, 3, 5, 7 or 9"
	// +kubebuilder:default=1
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// Where the members of the throw-away cluster keep their data. Default: as those
	// of the cluster that is backed up.
	// +optional
	Storage DrillStorage `json:"storage,omitzero"`

	// How long a drill may take until its cluster serves and was compared, such as
	// 30m; between 1m and 240h. One that takes longer has failed. Default: 1h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('240h')`,message="spec.drill.timeout must be between 1m and 240h, in hours, minutes and seconds such as 30m"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// DrillStorage says where the members of a throw-away cluster keep their data.
type DrillStorage struct {
	// Size of each member's volume, such as 8Gi; between 1Gi and 64Ti. It must have room for
	// the database and a log. Default: that of the cluster that is backed up.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="spec.drill.storage.size must be a whole number of bytes with a suffix, such as 8Gi"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('1Gi')) >= 0 && quantity(string(self)).compareTo(quantity('64Ti')) <= 0)`,message="spec.drill.storage.size must be at least 1Gi, because etcd needs room for its write-ahead log and snapshots beside the database, and at most 64Ti"
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// Name of the StorageClass of the volumes. Default: that of the cluster that is
	// backed up.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName *string `json:"storageClassName,omitempty"`
}

// BackupDrillRun is a drill that has begun.
type BackupDrillRun struct {
	// Name of the throw-away EtcdCluster.
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name"`

	// Name of the EtcdBackup that it restores.
	// +kubebuilder:validation:MaxLength=253
	// +required
	Backup string `json:"backup"`

	// When it began.
	// +required
	StartedAt metav1.Time `json:"startedAt"`
}

// DrillResult is what a drill showed.
// +kubebuilder:validation:Enum=Equal;Different;NotComparable;Failed;TimedOut
type DrillResult string

const (
	// DrillEqual: a cluster served, and its data was what was backed up.
	DrillEqual DrillResult = "Equal"
	// DrillDifferent: a cluster served, with other data.
	DrillDifferent DrillResult = "Different"
	// DrillNotComparable: a cluster served, and nobody can tell whether its data
	// was what was backed up.
	DrillNotComparable DrillResult = "NotComparable"
	// DrillFailed: no cluster came of it.
	DrillFailed DrillResult = "Failed"
	// DrillTimedOut: none came of it in time.
	DrillTimedOut DrillResult = "TimedOut"
)

// BackupDrillEnd is a drill that has ended.
type BackupDrillEnd struct {
	BackupDrillRun `json:",inline"`

	// When it ended.
	// +required
	CompletedAt metav1.Time `json:"completedAt"`

	// How long it took from the beginning until the throw-away cluster served, such
	// as 1m30s. Empty where it never did.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Duration string `json:"duration,omitempty"`

	// What it showed: Equal, where the restored cluster gave the very hash of all
	// keys and their history that the backed up cluster gave; Different where it
	// gave another; NotComparable where there is nothing to compare with; Failed
	// and TimedOut where no cluster served.
	// +required
	Result DrillResult `json:"result"`

	// What was compared, or what is wrong and what to do.
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	Message string `json:"message,omitempty"`
}
