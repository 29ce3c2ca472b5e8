package resource

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/pki"
)

const (
	valueRestore    = "restore"
	restoreDeadline = 24 * time.Hour
	// restoreRetries are few; after them a person decides.
	restoreRetries = 3

	volumeControl = "control-tls"
	mountControl  = "/etc/quorate/control"
)

// ContainerSend is the container of the pods of a restore.
const ContainerSend = "send"

// SendJobName is the name of the Job that brings a snapshot to the members.
func SendJobName(cluster string) string { return cluster + "-restore" }

// Restores reports whether a cluster begins with a backup.
func Restores(c *v1alpha1.EtcdCluster) bool {
	return c.Spec.Bootstrap != nil && c.Spec.Bootstrap.Restore != nil
}

// RestoreFrom is where the data comes from, resolved.
type RestoreFrom struct {
	Store      v1alpha1.BackupStore
	Encryption *v1alpha1.BackupEncryption
	Job        v1alpha1.JobTemplate
	// Name is the backup's below the store's URL, as BackupName gives it; empty for
	// the newest of a cluster, until At.
	Name               string
	Namespace, Cluster string
	At                 string
	// File is one that etcdctl wrote, below the store's URL.
	File string
}

// RestoreFromBackup is where an EtcdBackup lies.
func RestoreFromBackup(b *v1alpha1.EtcdBackup) RestoreFrom {
	return RestoreFrom{Store: b.Spec.Store, Encryption: b.Spec.Encryption, Job: b.Spec.Job, Name: BackupName(b)}
}

// RestoreFromStore is what a cluster's RestoreSource says of a store.
func RestoreFromStore(c *v1alpha1.EtcdCluster, s v1alpha1.RestoreSource) RestoreFrom {
	return RestoreFrom{
		Store: *s.Store, Encryption: s.Encryption, At: s.At, File: s.File,
		Namespace: cmp.Or(s.ClusterNamespace, c.Namespace), Cluster: cmp.Or(s.ClusterName, c.Name),
	}
}

// which says which backup is meant.
func (f RestoreFrom) which() []string {
	switch {
	case f.Name != "":
		return []string{"--name=" + f.Name}
	case f.File != "":
		return []string{"--key=" + f.File}
	}
	args := []string{"--namespace=" + f.Namespace, "--cluster=" + f.Cluster}
	if f.At != "" {
		args = append(args, "--at="+f.At)
	}
	return args
}

// restoreSelector selects the pods that may bring snapshots to members.
func restoreSelector(cluster string) map[string]string {
	return map[string]string{labelComponent: valueRestore, v1alpha1.LabelCluster: cluster}
}

// SendJob builds the Job that brings a snapshot to the volumes of members, each
// named by the identity that its agent reports. It reaches agents under a name
// that is good for that alone.
func SendJob(c *v1alpha1.EtcdCluster, from RestoreFrom, volumes map[etcd.MemberName]string, images BackupImages) *batchv1.Job {
	args := append([]string{"send", "--timeout=" + restoreDeadline.String()}, from.which()...)
	var to []string
	for name, volume := range volumes {
		to = append(to, fmt.Sprintf("%s:%d=%s", PodHost(c, etcd.PodName(name)), PortControl, volume))
	}
	slices.Sort(to)
	args = append(args, "--volumes="+strings.Join(to, ","), "--control-tls="+mountControl)
	args = append(args, whereArgs(from.Store)...)
	pod := storePod(from.Store, from.Job)
	send := storeContainer(from.Store, from.Job, ContainerSend, images.Backup, args...)
	send.VolumeMounts = append(send.VolumeMounts, corev1.VolumeMount{Name: volumeControl, MountPath: mountControl, ReadOnly: true})
	pod.Volumes = append(pod.Volumes, secretVolume(volumeControl, pki.OperatorTLS.SecretName(c.Name), "restore.crt", "restore.key", "control-ca.crt"))
	if from.Encryption != nil {
		send.Args = append(send.Args, "--age="+mountAge)
		send.VolumeMounts = append(send.VolumeMounts, corev1.VolumeMount{Name: volumeAge, MountPath: mountAge, ReadOnly: true})
		pod.Volumes = append(pod.Volumes, secretVolume(volumeAge, from.Encryption.SecretName))
	}
	pod.Containers = []corev1.Container{send}
	labels := with(Labels(c.Name), restoreSelector(c.Name))
	return &batchv1.Job{
		TypeMeta:   typeMeta("batch/v1", "Job"),
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: SendJobName(c.Name), Labels: labels, OwnerReferences: Owners(c)},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](restoreRetries),
			ActiveDeadlineSeconds:   ptr.To(int64(restoreDeadline.Seconds())),
			TTLSecondsAfterFinished: ptr.To(int32(backupKept.Seconds())),
			Template:                corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}
