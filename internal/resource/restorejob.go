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

// Containers of the pods of a restore.
const (
	ContainerSend = "send"
	ContainerRead = "read"
)

// SendJobName is the name of the Job that brings a snapshot to the members, for the
// EtcdCluster that begins with it or the EtcdRestore that replaces its data.
func SendJobName(by Object) string {
	if _, inPlace := by.(*v1alpha1.EtcdRestore); inPlace {
		return by.GetName() + "-send"
	}
	return by.GetName() + "-restore"
}

// ProofJobName is the name of the Job that reads a backup through before anything is
// replaced by it.
func ProofJobName(restore string) string { return restore + "-proof" }

// Restores reports whether a cluster begins, or began, with a backup, or goes over to
// one by now.
func Restores(c *v1alpha1.EtcdCluster) bool {
	r := c.Status.Restore
	inPlace := r != nil && r.Source == v1alpha1.RestoreFromBackup && r.CompletedAt == nil
	return inPlace || c.Spec.Bootstrap != nil && c.Spec.Bootstrap.Restore != nil
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

// ProofJob builds the Job that reads through what an EtcdRestore is to restore.
func ProofJob(r *v1alpha1.EtcdRestore, from RestoreFrom, images BackupImages) *batchv1.Job {
	args := append([]string{"read", "--timeout=" + restoreDeadline.String()}, from.which()...)
	pod := storePod(from.Store, from.Job)
	read := storeContainer(from.Store, from.Job, ContainerRead, images.Backup, append(args, whereArgs(from.Store)...)...)
	pod.Volumes = append(pod.Volumes, from.keys(&read)...)
	pod.Containers = []corev1.Container{read}
	return restoreJob(r, ProofJobName(r.Name), with(Labels(r.Spec.ClusterName), map[string]string{labelComponent: "proof"}), pod)
}

// keys mounts what a backup is decrypted with.
func (f RestoreFrom) keys(into *corev1.Container) []corev1.Volume {
	if f.Encryption == nil {
		return nil
	}
	into.Args = append(into.Args, "--age="+mountAge)
	into.VolumeMounts = append(into.VolumeMounts, corev1.VolumeMount{Name: volumeAge, MountPath: mountAge, ReadOnly: true})
	return []corev1.Volume{secretVolume(volumeAge, f.Encryption.SecretName)}
}

// restoreJob is a Job of an EtcdCluster or an EtcdRestore.
func restoreJob(by Object, name string, labels map[string]string, pod corev1.PodSpec) *batchv1.Job {
	kind := v1alpha1.KindEtcdCluster
	if _, inPlace := by.(*v1alpha1.EtcdRestore); inPlace {
		kind = v1alpha1.KindEtcdRestore
	}
	return &batchv1.Job{
		TypeMeta: typeMeta("batch/v1", "Job"),
		ObjectMeta: metav1.ObjectMeta{
			Namespace: by.GetNamespace(), Name: name, Labels: labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(by, v1alpha1.GroupVersion.WithKind(kind))},
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](restoreRetries),
			ActiveDeadlineSeconds:   ptr.To(int64(restoreDeadline.Seconds())),
			TTLSecondsAfterFinished: ptr.To(int32(backupKept.Seconds())),
			Template:                corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}

// SendJob builds the Job that brings a snapshot to the volumes of members, each
// named by the identity that its agent reports. It reaches agents under a name
// that is good for that alone.
func SendJob(c *v1alpha1.EtcdCluster, by Object, from RestoreFrom, volumes map[etcd.MemberName]string, images BackupImages) *batchv1.Job {
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
	pod.Volumes = append(pod.Volumes, from.keys(&send)...)
	pod.Containers = []corev1.Container{send}
	return restoreJob(by, SendJobName(by), with(Labels(c.Name), restoreSelector(c.Name)), pod)
}
