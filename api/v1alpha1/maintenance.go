package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Maintenance says what is done about etcd's database while it serves.
type Maintenance struct {
	// When the space that deleted and compacted keys have left in the database is
	// given back. A member answers nobody meanwhile: it leaves the client Service
	// first, one member at a time, the leader last. Default: by threshold, at any
	// time.
	// +optional
	Defragmentation Defragmentation `json:"defragmentation,omitzero"`

	// Whether the history of all keys is dropped when a database has reached its
	// quota and etcd refuses to write. Default: false; then only what was
	// compacted already is given back. Who watches from an older revision, or
	// reads one, is told that it is gone. A kube-apiserver bears that.
	// +optional
	CompactOnNoSpace bool `json:"compactOnNoSpace,omitempty"`
}

// Defragmentation says when a member's database is copied without its free
// pages. With a database that has reached its quota none of this is waited for.
type Defragmentation struct {
	// Whether it is never done, but when etcd refuses to write. Default: false.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// How much of the database must be free, in percent; between 10 and 90.
	// Default: 45.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=90
	// +optional
	FreePercent *int32 `json:"freePercent,omitempty"`

	// How much must be free at least, such as 100Mi, or in bytes; between 1Mi and
	// 8Gi. Default: 100Mi.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$`
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$')`,message="spec.maintenance.defragmentation.minFree must be a whole number of bytes, with or without a suffix, such as 100Mi"
	// +kubebuilder:validation:XValidation:rule=`!string(self).matches('^[1-9][0-9]{0,14}(k|M|G|T|Ki|Mi|Gi|Ti)?$') || (quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('8Gi')) <= 0)`,message="spec.maintenance.defragmentation.minFree must be between 1Mi and 8Gi"
	// +optional
	MinFree *resource.Quantity `json:"minFree,omitempty"`

	// When a defragmentation may begin: within an hour of these moments, in UTC,
	// as the five fields of cron in numbers, such as `30 2 * * *`. Default: at any
	// time.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^([0-9*,/-]+)( [0-9*,/-]+){4}$`
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(\\*|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?(,(\\*|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?)* (\\*|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?(,(\\*|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?)* (\\*|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?(,(\\*|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?)* (\\*|(0?[1-9]|1[0-2])(-(0?[1-9]|1[0-2]))?)(/[1-9])?(,(\\*|(0?[1-9]|1[0-2])(-(0?[1-9]|1[0-2]))?)(/[1-9])?)* (\\*|[0-6](-[0-6])?)(/[1-9])?(,(\\*|[0-6](-[0-6])?)(/[1-9])?)*$')`,message="spec.maintenance.defragmentation.schedule takes five fields in numbers, minute hour day month weekday, such as `30 2 * * *`; correct it"
	// +optional
	Schedule string `json:"schedule,omitempty"`

	// How long a member may take, in seconds or minutes such as 30s; between 1s
	// and 30m. When one has taken longer no other is defragmented before this is
	// raised. Default: 30s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,4}m)?([0-9]{1,4}s)?$`
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,4}m)?([0-9]{1,4}s)?$') && size(self) > 0 && duration(self) >= duration('1s') && duration(self) <= duration('30m')`,message="spec.maintenance.defragmentation.maxPause must be between 1s and 30m, in minutes and seconds such as 30s"
	// +optional
	MaxPause *metav1.Duration `json:"maxPause,omitempty"`
}
