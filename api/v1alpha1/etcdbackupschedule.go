package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// EtcdBackupSchedule makes EtcdBackups of one cluster at its times, and deletes
// those that its retention does not keep. The backups outlive it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=etcdbackupschedules,singular=etcdbackupschedule,categories=quorate,scope=Namespaced
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name=Cluster,type=string,JSONPath=`.spec.clusterName`,description="The EtcdCluster that is backed up."
// +kubebuilder:printcolumn:name=Schedule,type=string,JSONPath=`.spec.schedule`,description="When, as cron's five fields."
// +kubebuilder:printcolumn:name=Suspend,type=boolean,JSONPath=`.spec.suspend`,description="Whether it rests."
// +kubebuilder:printcolumn:name=Last Success,type=date,JSONPath=`.status.lastSuccessfulTime`,description="Time since a backup of this schedule was complete, and proven."
// +kubebuilder:printcolumn:name=Next,type=string,JSONPath=`.status.nextScheduleTime`,description="When the next backup begins, in UTC."
// +kubebuilder:printcolumn:name=Reason,type=string,JSONPath=`.status.conditions[?(@.type=="Scheduled")].reason`,description="Scheduled, or why no backup is made."
// +kubebuilder:printcolumn:name=Drill,type=string,JSONPath=`.status.lastDrill.result`,description="What the last drill showed: Equal, or what is wrong."
// +kubebuilder:printcolumn:name=Age,type=date,JSONPath=`.metadata.creationTimestamp`,description="Time since the object was created."
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 52",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must be at most 52 characters, because backups are named after it; choose a shorter name"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.contains('.')",fieldPath=".metadata",reason=FieldValueInvalid,message="metadata.name must not contain dots, because backups are named after it; use dashes"
type EtcdBackupSchedule struct {
	metav1.TypeMeta `json:",inline"`

	// Standard object metadata. The name has at most 52 characters and contains no
	// dots. Each backup is named after it and its moment in UTC, such as
	// nightly-202611280230; a name of more than 39 characters is cut for that.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What to back up, when, where to, and for how long.
	// +required
	Spec EtcdBackupScheduleSpec `json:"spec"`

	// What has become of it.
	// +optional
	Status EtcdBackupScheduleStatus `json:"status,omitzero"`
}

// EtcdBackupScheduleList is a list of EtcdBackupSchedule objects.
//
// +kubebuilder:object:root=true
type EtcdBackupScheduleList struct {
	metav1.TypeMeta `json:",inline"`

	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The schedules.
	Items []EtcdBackupSchedule `json:"items"`
}

// EtcdBackupScheduleSpec says what to back up, when, where to, and for how long.
// One backup is made at a time: what comes due meanwhile is made once, when the
// other has ended. So are moments that were missed.
//
// +kubebuilder:validation:XValidation:rule=`self.clusterName == oldSelf.clusterName`,message="spec.clusterName is immutable, because retention counts the backups of one cluster; make another EtcdBackupSchedule"
type EtcdBackupScheduleSpec struct {
	// Name of the EtcdCluster to back up, in the same namespace. No default.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=52
	// +required
	ClusterName string `json:"clusterName"`

	// When backups are made: the five fields of cron, minute, hour, day of the
	// month, month and day of the week, such as `30 2 * * *`, or one of @hourly,
	// @daily, @weekly, @monthly and @yearly. A change holds from then on: it makes
	// up for nothing. No default.
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|[0-9A-Za-z*?,/-]+( +[0-9A-Za-z*?,/-]+){4})$')`,message="spec.schedule takes five fields, minute, hour, day of the month, month and day of the week, such as `30 2 * * *`, or one of @hourly, @daily, @weekly, @monthly and @yearly; correct it"
	// +required
	Schedule string `json:"schedule"`

	// IANA name of the time zone that the schedule is read in and in which the
	// days of retention begin, such as Europe/Berlin. A moment that comes twice
	// when clocks are put back is run once; one that is leapt over is run at the
	// end of the leap. Default: UTC.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Za-z0-9+_/-]*$') && self != 'Local'`,message="spec.timeZone must be an IANA name such as Europe/Berlin; correct it, or leave it out for UTC"
	// +optional
	TimeZone string `json:"timeZone,omitempty"`

	// Whether the schedule rests: no backup is made, and none is deleted. Set back
	// to false it goes on with the next moment and makes up for nothing. Default:
	// false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// Whether the first backup is made at once, as soon as the cluster is formed.
	// Default: false.
	// +optional
	Immediate bool `json:"immediate,omitempty"`

	// Over how long schedules with the same moments are spread, such as 10m;
	// between 1s and 24h. Each begins by the same part of it after each of its
	// moments, always. Default: not spread.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1s') && duration(self) <= duration('24h')`,message="spec.jitter must be between 1s and 24h, in hours, minutes and seconds such as 10m"
	// +optional
	Jitter *metav1.Duration `json:"jitter,omitempty"`

	// How late a backup may still begin, such as 2h; between 1m and 8760h. What is
	// later is left out. Default: however late, once.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('8760h')`,message="spec.startingDeadline must be between 1m and 8760h, in hours, minutes and seconds such as 2h"
	// +optional
	StartingDeadline *metav1.Duration `json:"startingDeadline,omitempty"`

	// Which backups are kept. Default: all.
	// +optional
	Retention *BackupRetention `json:"retention,omitempty"`

	// What each backup is like. A change holds for the backups to come. No default.
	// +required
	Template ScheduledBackupTemplate `json:"template"`

	// How the newest backup is tried, from time to time, by restoring it into a
	// throw-away cluster. Default: it is not.
	// +optional
	Drill *BackupDrill `json:"drill,omitempty"`
}

// ScheduledBackupTemplate is what each backup of a schedule is like.
type ScheduledBackupTemplate struct {
	BackupTemplate `json:",inline"`

	// What happens to the data when the object of a backup is deleted, be it by
	// retention or by a person: Delete deletes it, Retain leaves it in the store.
	// Retention deletes data through the objects. So with Retain it deletes only
	// these, and nothing but rules of the store itself bounds what lies there.
	// Default: Delete.
	// +kubebuilder:default=Delete
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// BackupRetention says which backups are kept: each that any rule keeps, and
// without a rule all. Whatever the rules say, the newest proven backup is kept, and
// so is the newest that was proven by a restore. Only backups that bear the label
// etcd.quorate.dev/schedule with the schedule's name are counted and deleted:
// remove it from one that shall stay.
type BackupRetention struct {
	// Keep this many of the newest backups. Default: no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	KeepLast int32 `json:"keepLast,omitempty"`

	// Keep what is at most this much older than the newest proven backup, such as
	// 72h; between 1m and 87600h, which is ten years. Default: no such rule.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('87600h')`,message="spec.retention.keepWithin must be between 1m and 87600h, in hours, minutes and seconds such as 72h"
	// +optional
	KeepWithin *metav1.Duration `json:"keepWithin,omitempty"`

	// Keep the last backup of each hour, for this many hours with a backup.
	// Default: no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Hourly int32 `json:"hourly,omitempty"`

	// Keep the last backup of each day, for this many days with a backup. Default:
	// no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Daily int32 `json:"daily,omitempty"`

	// Keep the last backup of each ISO week, for this many weeks with a backup.
	// Default: no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Weekly int32 `json:"weekly,omitempty"`

	// Keep the last backup of each month, for this many months with a backup.
	// Default: no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Monthly int32 `json:"monthly,omitempty"`

	// Keep the last backup of each year, for this many years with a backup.
	// Default: no such rule.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Yearly int32 `json:"yearly,omitempty"`

	// Keep this many of the newest backups that failed. These take no place in any
	// other rule. Default: 3.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	KeepFailed int32 `json:"keepFailed,omitempty"`

	// Keep failed backups that are at most this old, too, such as 168h; between 1m
	// and 87600h. Default: no such rule.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1m') && duration(self) <= duration('87600h')`,message="spec.retention.keepFailedWithin must be between 1m and 87600h, in hours, minutes and seconds such as 168h"
	// +optional
	KeepFailedWithin *metav1.Duration `json:"keepFailedWithin,omitempty"`
}

// EtcdBackupScheduleStatus is what has become of a schedule. At rest it changes
// once for each of its moments, and when a backup begins or ends.
type EtcdBackupScheduleStatus struct {
	// The generation that was last looked at.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Whether backups are made, and whether they are healthy.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// The moment of the schedule that a backup was last made for.
	// +optional
	LastScheduleTime *metav1.Time `json:"lastScheduleTime,omitempty"`

	// When a backup of this schedule was last complete, and proven.
	// +optional
	LastSuccessfulTime *metav1.Time `json:"lastSuccessfulTime,omitempty"`

	// Name of the EtcdBackup that was made last.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	LastBackup string `json:"lastBackup,omitempty"`

	// When the store was last looked through, for what was left behind and for
	// backups that are missing.
	// +optional
	LastTidied *metav1.Time `json:"lastTidied,omitempty"`

	// Names of the backups that have begun and not ended.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Active []string `json:"active,omitempty"`

	// When the next backup begins, jitter included. Empty while none will.
	// +optional
	NextScheduleTime *metav1.Time `json:"nextScheduleTime,omitempty"`

	// The terms that hold, by which a change of them is noticed.
	// +optional
	Terms *ScheduleTerms `json:"terms,omitempty"`

	// The drill that has begun and not ended.
	// +optional
	Drill *BackupDrillRun `json:"drill,omitempty"`

	// The drill that ended last, and what it showed.
	// +optional
	LastDrill *BackupDrillEnd `json:"lastDrill,omitempty"`

	// When the next drill begins, jitter included. Empty while none will.
	// +optional
	NextDrillTime *metav1.Time `json:"nextDrillTime,omitempty"`

	// The terms that hold for drills.
	// +optional
	DrillTerms *ScheduleTerms `json:"drillTerms,omitempty"`

	// The operator that acts on it, as namespace/name.
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Operator string `json:"operator,omitempty"`
}

// ScheduleTerms are what a schedule ran by when it was last looked at.
type ScheduleTerms struct {
	// The schedule and its time zone.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Slots string `json:"slots,omitempty"`

	// Whether it was suspended.
	// +optional
	Suspended bool `json:"suspended,omitempty"`

	// Since when they hold. Nothing is made up for from before. Empty: since the
	// schedule was created.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
}

// Types of the conditions of an EtcdBackupSchedule.
const (
	// ConditionScheduled: backups are made at their times; the message has the next.
	ConditionScheduled = "Scheduled"
	// ConditionHealthy: the schedule's last backup is proven and recent.
	ConditionHealthy = "Healthy"
	// ConditionTidy: the store was looked through, and all backups are there.
	ConditionTidy = "Tidy"
	// ConditionDrilled, where drills are asked for: the last one gave a cluster that
	// serves, with the data that was backed up.
	ConditionDrilled = "Drilled"
)
