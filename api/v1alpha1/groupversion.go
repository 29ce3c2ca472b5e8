package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of Quorate.
const GroupName = "etcd.quorate.dev"

// KindEtcdCluster is the kind of EtcdCluster objects.
const KindEtcdCluster = "EtcdCluster"

// KindEtcdBackup is the kind of EtcdBackup objects.
const KindEtcdBackup = "EtcdBackup"

// KindEtcdBackupSchedule is the kind of EtcdBackupSchedule objects.
const KindEtcdBackupSchedule = "EtcdBackupSchedule"

// KindEtcdRestore is the kind of EtcdRestore objects.
const KindEtcdRestore = "EtcdRestore"

var (
	// GroupVersion is the group and version of the types of this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder collects what AddToScheme registers.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the types of this package with a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &EtcdCluster{}, &EtcdClusterList{}, &EtcdBackup{}, &EtcdBackupList{},
		&EtcdBackupSchedule{}, &EtcdBackupScheduleList{}, &EtcdRestore{}, &EtcdRestoreList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
