package resource

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/pki"
)

// BackupImages are the images that backup Jobs run.
type BackupImages struct {
	// Backup has cmd/backup, Member the etcd release of the cluster.
	Backup, Member string
}

const (
	valueBackup = "backup"
	// backupDeadline is how long a backup may take unless spec.deadline says so.
	backupDeadline = 6 * time.Hour
	// backupBytesPerSecond is how fast it reads unless spec.maxBytesPerSecond says so.
	backupBytesPerSecond = 32 << 20
	// backupRetries are few: the Job itself tries again what a store refuses for a
	// moment.
	backupRetries = 3
	// backupKept is how long a finished Job stays for its log to be read.
	backupKept = 24 * time.Hour

	volumeStore     = "store"
	volumeWork      = "work"
	volumeEtcd      = "etcd-tls"
	volumeAge       = "age"
	volumeStoreKeys = "store-credentials"

	mountStore     = "/store"
	mountWork      = "/work"
	mountEtcd      = "/etc/quorate/etcd"
	mountAge       = "/etc/quorate/age"
	mountStoreKeys = "/etc/quorate/store"

	keptSnapshot = mountWork + "/snapshot.db"
	keptManifest = mountWork + "/manifest.json"
)

// Names of the containers of backup pods, in the order in which they run.
const (
	ContainerSave   = "save"
	ContainerProve  = "prove"
	ContainerCommit = "commit"
	ContainerDelete = "delete"
)

// SaveJobName is the name of the Job that makes a backup.
func SaveJobName(backup string) string { return backup + "-save" }

// EraseJobName is the name of the Job that deletes a backup's data.
func EraseJobName(backup string) string { return backup + "-delete" }

// BackupName is where a backup lies below its store's URL.
func BackupName(b *v1alpha1.EtcdBackup) string {
	return b.Namespace + "/" + b.Spec.ClusterName + "/" + b.Name
}

// BackupLabels are those of a backup's Jobs and pods. The cluster's own label is
// not among them: they are no objects of the cluster, and outlive it.
func BackupLabels(backup string) map[string]string {
	return map[string]string{
		labelName: valueName, labelComponent: valueBackup, labelManagedBy: valueQuorate, labelPartOf: valueQuorate,
		v1alpha1.LabelBackup: backup,
	}
}

// SaveJob builds the Job that makes a backup. With verification Hash one container
// does everything; with Restore the first keeps what it has read back, the member's own
// image proves that, and the last writes the manifest, which makes it count.
func SaveJob(b *v1alpha1.EtcdBackup, c *v1alpha1.EtcdCluster, images BackupImages) *batchv1.Job {
	save := backupContainer(b, ContainerSave, images.Backup, append(saveArgs(b, c), storeArgs(b)...)...)
	save.VolumeMounts = append(save.VolumeMounts, etcdMount(c)...)
	pod := backupPod(b)
	if e := b.Spec.Encryption; e != nil {
		save.Args = append(save.Args, "--age="+mountAge)
		save.VolumeMounts = append(save.VolumeMounts, corev1.VolumeMount{Name: volumeAge, MountPath: mountAge, ReadOnly: true})
		pod.Volumes = append(pod.Volumes, secretVolume(volumeAge, e.SecretName))
	}
	pod.Volumes = append(pod.Volumes, etcdVolume(c)...)
	if b.Spec.Verification != v1alpha1.VerificationRestore {
		pod.Containers = []corev1.Container{save}
		return backupJob(b, SaveJobName(b.Name), pod)
	}
	work := corev1.VolumeMount{Name: volumeWork, MountPath: mountWork}
	pod.Volumes = append(pod.Volumes, corev1.Volume{Name: volumeWork, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	save.Args = append(save.Args, "--keep="+keptSnapshot, "--keep-manifest="+keptManifest)
	save.VolumeMounts = append(save.VolumeMounts, work)
	prove := backupContainer(b, ContainerProve, images.Member, "prove", "--snapshot="+keptSnapshot, "--manifest="+keptManifest, "--dir="+mountWork, "--result="+corev1.TerminationMessagePathDefault)
	prove.VolumeMounts = []corev1.VolumeMount{work}
	commit := backupContainer(b, ContainerCommit, images.Backup, append([]string{"commit", "--manifest=" + keptManifest}, storeArgs(b)...)...)
	commit.VolumeMounts = append(commit.VolumeMounts, work)
	pod.InitContainers, pod.Containers = []corev1.Container{save, prove}, []corev1.Container{commit}
	return backupJob(b, SaveJobName(b.Name), pod)
}

// EraseJob builds the Job that deletes a backup's data.
func EraseJob(b *v1alpha1.EtcdBackup, images BackupImages) *batchv1.Job {
	pod := backupPod(b)
	pod.Containers = []corev1.Container{backupContainer(b, ContainerDelete, images.Backup, append([]string{"delete"}, storeArgs(b)...)...)}
	return backupJob(b, EraseJobName(b.Name), pod)
}

// deadline is how long each of a backup's Jobs may take.
func deadline(b *v1alpha1.EtcdBackup) time.Duration {
	if b.Spec.Deadline != nil {
		return b.Spec.Deadline.Duration
	}
	return backupDeadline
}

func backupJob(b *v1alpha1.EtcdBackup, name string, pod corev1.PodSpec) *batchv1.Job {
	labels := BackupLabels(b.Name)
	return &batchv1.Job{
		TypeMeta: typeMeta("batch/v1", "Job"),
		ObjectMeta: metav1.ObjectMeta{
			Namespace: b.Namespace, Name: name, Labels: labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(b, v1alpha1.GroupVersion.WithKind(v1alpha1.KindEtcdBackup))},
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](backupRetries),
			ActiveDeadlineSeconds:   ptr.To(int64(deadline(b).Seconds())),
			TTLSecondsAfterFinished: ptr.To(int32(backupKept.Seconds())),
			Template:                corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}

func backupPod(b *v1alpha1.EtcdBackup) corev1.PodSpec { return storePod(b.Spec.Store, b.Spec.Job) }

// storePod is a pod that reaches a store.
func storePod(store v1alpha1.BackupStore, job v1alpha1.JobTemplate) corev1.PodSpec {
	pod := corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		SecurityContext:               podSecurity(nil),
		AutomountServiceAccountToken:  ptr.To(job.ServiceAccountName != "" && store.SecretName == ""),
		EnableServiceLinks:            ptr.To(false),
		TerminationGracePeriodSeconds: ptr.To[int64](10),
		NodeSelector:                  job.NodeSelector,
		Tolerations:                   job.Tolerations,
		ServiceAccountName:            job.ServiceAccountName,
		ImagePullSecrets:              job.ImagePullSecrets,
	}
	if claim, _, ok := volumeStoreOf(store); ok {
		pod.Volumes = append(pod.Volumes, corev1.Volume{Name: volumeStore, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}})
	}
	if store.SecretName != "" {
		pod.Volumes = append(pod.Volumes, secretVolume(volumeStoreKeys, store.SecretName))
	}
	return pod
}

func secretVolume(name, secret string, keys ...string) corev1.Volume {
	source := &corev1.SecretVolumeSource{SecretName: secret, DefaultMode: ptr.To[int32](secretMode)}
	for _, key := range keys {
		source.Items = append(source.Items, corev1.KeyToPath{Key: key, Path: key})
	}
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: source}}
}

func backupContainer(b *v1alpha1.EtcdBackup, name, image string, args ...string) corev1.Container {
	return storeContainer(b.Spec.Store, b.Spec.Job, name, image, args...)
}

func storeContainer(store v1alpha1.BackupStore, job v1alpha1.JobTemplate, name, image string, args ...string) corev1.Container {
	c := corev1.Container{
		Name: name, Image: image, ImagePullPolicy: corev1.PullIfNotPresent, Args: args,
		Resources: backupResources(job.Resources), SecurityContext: containerSecurity(),
	}
	if _, _, ok := volumeStoreOf(store); ok {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volumeStore, MountPath: mountStore})
	}
	if store.SecretName != "" {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volumeStoreKeys, MountPath: mountStoreKeys, ReadOnly: true})
	}
	return c
}

func backupResources(user corev1.ResourceRequirements) corev1.ResourceRequirements {
	if len(user.Requests) == 0 && len(user.Limits) == 0 {
		user.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	}
	return user
}

// etcdVolume has of the operator's certificates the one for etcd, and not that for
// the agents.
func etcdVolume(c *v1alpha1.EtcdCluster) []corev1.Volume {
	if c.Spec.TLS.Disabled {
		return nil
	}
	return []corev1.Volume{secretVolume(volumeEtcd, pki.OperatorTLS.SecretName(c.Name), "client.crt", "client.key", "client-ca.crt")}
}

func etcdMount(c *v1alpha1.EtcdCluster) []corev1.VolumeMount {
	if c.Spec.TLS.Disabled {
		return nil
	}
	return []corev1.VolumeMount{{Name: volumeEtcd, MountPath: mountEtcd, ReadOnly: true}}
}

func saveArgs(b *v1alpha1.EtcdBackup, c *v1alpha1.EtcdCluster) []string {
	var endpoints []string
	for _, m := range c.Status.Members {
		endpoints = append(endpoints, ClientURL(c, etcd.PodName(m.Name)))
	}
	args := []string{
		"save", "--namespace=" + c.Namespace, "--cluster=" + c.Name, "--cluster-uid=" + string(c.UID),
		"--endpoints=" + strings.Join(endpoints, ","), "--compression=" + strings.ToLower(string(cmp.Or(b.Spec.Compression, v1alpha1.CompressionZstd))),
	}
	if !c.Spec.TLS.Disabled {
		args = append(args, "--etcd-tls="+mountEtcd)
	}
	args = append(args, fmt.Sprintf("--max-bytes-per-second=%d", bytesPerSecond(b)))
	if b.Spec.WithoutQuorum {
		args = append(args, "--survivor=true")
	}
	return args
}

func bytesPerSecond(b *v1alpha1.EtcdBackup) int64 {
	if bound := b.Spec.MaxBytesPerSecond; bound != nil {
		return bound.Value()
	}
	return backupBytesPerSecond
}

// storeArgs say where the backup lies.
func storeArgs(b *v1alpha1.EtcdBackup) []string {
	return append([]string{"--name=" + BackupName(b), "--timeout=" + deadline(b).String()}, whereArgs(b.Spec.Store)...)
}

// whereArgs say which store it is; credentials and keys are files.
func whereArgs(store v1alpha1.BackupStore) []string {
	url := store.URL
	if _, path, ok := volumeStoreOf(store); ok {
		url = "file://" + mountStore + path
	}
	args := []string{"--store=" + url, "--result=" + corev1.TerminationMessagePathDefault}
	if store.SecretName != "" {
		args = append(args, "--credentials="+mountStoreKeys)
	}
	if store.Endpoint != "" {
		args = append(args, "--endpoint="+store.Endpoint)
	}
	if store.Region != "" {
		args = append(args, "--region="+store.Region)
	}
	if ptr.Deref(store.PathStyle, store.Endpoint != "" && strings.HasPrefix(url, "s3://")) {
		args = append(args, "--path-style="+strconv.FormatBool(true))
	}
	return args
}

// volumeStoreOf takes volume://CLAIM/PREFIX apart.
func volumeStoreOf(store v1alpha1.BackupStore) (claim, path string, ok bool) {
	rest, ok := strings.CutPrefix(store.URL, "volume://")
	if !ok {
		return "", "", false
	}
	claim, path, _ = strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	if path != "" {
		path = "/" + path
	}
	return claim, path, true
}

// BackupLocation is the backup's address for people: the store's URL, and the name
// below it.
func BackupLocation(b *v1alpha1.EtcdBackup) string {
	return fmt.Sprintf("%s/%s", strings.TrimSuffix(b.Spec.Store.URL, "/"), BackupName(b))
}
