package resource_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/resource"
)

func TestGoldenBackups(t *testing.T) {
	images := resource.BackupImages{Backup: "backup:v1", Member: "member:3.7.3"}
	cluster := inputs().Cluster
	for _, name := range []string{"demo-0", "demo-1", "demo-2"} {
		cluster.Status.Members = append(cluster.Status.Members, v1alpha1.MemberStatus{Name: name})
	}
	plain := cluster.DeepCopy()
	plain.Spec.TLS.Disabled = true

	least := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "nightly", UID: "0a1b2c3d-0000-4000-8000-000000000009"}}
	least.Spec.ClusterName = "demo"
	least.Spec.Store = v1alpha1.BackupStore{URL: "volume://backups/etcd/"}

	most := least.DeepCopy()
	most.Spec.Store = v1alpha1.BackupStore{URL: "s3://bucket/prefix", SecretName: "s3", Endpoint: "https://minio:9000", Region: "eu"}
	most.Spec.Compression, most.Spec.Verification = v1alpha1.CompressionNone, v1alpha1.VerificationRestore
	most.Spec.Encryption = &v1alpha1.BackupEncryption{SecretName: "age"}
	most.Spec.WithoutQuorum = true
	most.Spec.Deadline = &metav1.Duration{Duration: 90 * time.Minute}
	most.Spec.Job = v1alpha1.JobTemplate{
		NodeSelector: map[string]string{"disk": "fast"}, Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		Resources:        corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: *amount("1Gi")}},
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}},
	}
	cloud := least.DeepCopy()
	cloud.Spec.Store = v1alpha1.BackupStore{URL: "gs://bucket"}
	cloud.Spec.Job.ServiceAccountName = "backups"
	cloud.Spec.MaxBytesPerSecond = ptr.To(apiresource.MustParse("100Mi"))

	golden(t, "backup-least", []client.Object{resource.SaveJob(least, cluster, images), resource.EraseJob(least, images)})
	golden(t, "backup-most", []client.Object{resource.SaveJob(most, cluster, images), resource.EraseJob(most, images)})
	golden(t, "backup-cloud-identity", []client.Object{resource.SaveJob(cloud, plain, images)})
}

func TestGoldenTidy(t *testing.T) {
	images := resource.BackupImages{Backup: "backup:v1"}
	least := &v1alpha1.EtcdBackupSchedule{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "nightly", UID: "0a1b2c3d-0000-4000-8000-000000000010"}}
	least.Spec.ClusterName, least.Spec.Template.Store.URL = "demo", "volume://backups/etcd/"
	most := least.DeepCopy()
	most.Spec.Template.Store = v1alpha1.BackupStore{URL: "s3://bucket/prefix", SecretName: "s3", Endpoint: "https://minio:9000", Region: "eu"}
	most.Spec.Template.Deadline = &metav1.Duration{Duration: 20 * time.Hour}
	names := []string{"nightly-202611280300", "nightly-202611270300"}
	asked := resource.TidyJob(most, resource.TidyRequest{Before: "nightly-", Expect: names}, images)
	golden(t, "tidy", []client.Object{resource.TidyJob(least, resource.TidyRequest{Before: "nightly-"}, images), asked})
	if got := resource.TidyExpected(asked); !slices.Equal(got, names) {
		t.Errorf("it was asked for %v, and reads %v", names, got)
	}
	if long := resource.TidyJobName(strings.Repeat("x", 52)); len(long) > 63 {
		t.Errorf("%s has %d characters", long, len(long))
	}
}

func TestGoldenRestores(t *testing.T) {
	images := resource.BackupImages{Backup: "backup:v1"}
	in := inputs()
	store := v1alpha1.BackupStore{URL: "s3://bucket/prefix", SecretName: "s3", Endpoint: "https://minio:9000"}
	in.Cluster.Spec.Bootstrap = &v1alpha1.Bootstrap{Restore: &v1alpha1.RestoreSource{
		Store: &store, At: "2026-01-31T12:00:00Z", ClusterName: "old", Encryption: &v1alpha1.BackupEncryption{SecretName: "age"},
	}}
	volumes := map[etcd.MemberName]string{"demo-0": "v0", "demo-1": "v1", "demo-2": "v2"}
	backup := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "nightly"}}
	backup.Spec.ClusterName, backup.Spec.Store = "other", v1alpha1.BackupStore{URL: "volume://backups"}
	file := v1alpha1.RestoreSource{Store: &store, File: "by-hand/snapshot.db"}
	golden(t, "restore-newest", []client.Object{resource.SendJob(in.Cluster, in.Cluster, resource.RestoreFromStore(in.Cluster, *in.Cluster.Spec.Bootstrap.Restore), volumes, images), resource.NetworkPolicy(in)})
	golden(t, "restore-backup", []client.Object{resource.SendJob(in.Cluster, in.Cluster, resource.RestoreFromBackup(backup), volumes, images)})
	inPlace := &v1alpha1.EtcdRestore{}
	inPlace.Namespace, inPlace.Name, inPlace.UID, inPlace.Spec.ClusterName = in.Cluster.Namespace, "back", "77777777-0000-4000-8000-000000000001", in.Cluster.Name
	golden(t, "restore-in-place", []client.Object{resource.ProofJob(inPlace, resource.RestoreFromBackup(backup), images), resource.SendJob(in.Cluster, inPlace, resource.RestoreFromBackup(backup), volumes, images)})
	golden(t, "restore-file", []client.Object{resource.SendJob(in.Cluster, in.Cluster, resource.RestoreFromStore(in.Cluster, file), volumes, images)})
}

// A throw-away cluster is like the one that is backed up, where that decides whether the
// data comes up; it neither compacts nor outlives its schedule.
func TestGoldenDrill(t *testing.T) {
	like := everything().Cluster
	like.Status.Version = "3.6.16"
	s := &v1alpha1.EtcdBackupSchedule{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "nightly", UID: "0a1b2c3d-0000-4000-8000-000000000002"}}
	s.Spec.Drill = &v1alpha1.BackupDrill{}
	plain := resource.DrillCluster(s, inputs().Cluster, "drill-nightly-202611280000", "nightly-202611270230", "system/a")
	s.Spec.Drill = &v1alpha1.BackupDrill{Replicas: 3, Storage: v1alpha1.DrillStorage{Size: amount("2Gi"), StorageClassName: ptr.To("cheap")}}
	most := resource.DrillCluster(s, like, "drill-nightly-202611290000", "nightly-202611280230", "system/a")
	golden(t, "drill", []client.Object{plain, most})

	if resource.DrillOf(plain) != "nightly" || !resource.OwnDrill(s, plain) {
		t.Error("the cluster of a drill is not taken for one")
	}
	for name, change := range map[string]func(*v1alpha1.EtcdCluster){
		"no label":      func(c *v1alpha1.EtcdCluster) { c.Labels = nil },
		"another label": func(c *v1alpha1.EtcdCluster) { c.Labels[v1alpha1.LabelDrill] = "weekly" },
		"no owner":      func(c *v1alpha1.EtcdCluster) { c.OwnerReferences = nil },
		"another owner": func(c *v1alpha1.EtcdCluster) { c.OwnerReferences[0].Kind = "EtcdBackup" },
		"a namesake":    func(c *v1alpha1.EtcdCluster) { c.OwnerReferences[0].UID = "another" },
	} {
		c := plain.DeepCopy()
		change(c)
		if resource.OwnDrill(s, c) {
			t.Errorf("%s: it may be deleted", name)
		}
	}
}
