package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// What is backed up lies on such volumes.
const (
	databaseSize = "4Gi"
	storeName    = "store"
	storeSize    = "8Gi" // three backups of it, uncompressed
)

// database is a cluster with a large database, and the claim that is the store
// of its backups and what etcdctl saves to: the same disk.
type database struct {
	b       *bench
	cluster *scalable
	store   *corev1.PersistentVolumeClaim
	// member is the one that the last backup has read, kept the name of that backup.
	member, kept string
}

// measureBackup fills a database and saves and restores it, beside etcd's own
// tools. What comes later needs what came before.
func (b *bench) measureBackup(ctx context.Context) error {
	if err := b.remove(ctx, ours{}, bare{}); err != nil {
		return err
	}
	d, err := b.database(ctx)
	if err != nil {
		return err
	}
	defer d.remove(context.WithoutCancel(ctx))
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"fill the database and compare the Job's memory", d.measurePeak},
		{"save beside etcdctl", d.measureSaving},
		{"write during a backup", d.measureWrites},
		{"recover from a survivor", d.measureRecovery},
		{"restore beside etcdutl", d.measureRestore},
	} {
		begun := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		note("to %s took %.0f s; load %s", step.what, time.Since(begun).Seconds(), firstFields("/proc/loadavg", 1))
	}
	return nil
}

func (b *bench) database(ctx context.Context) (*database, error) {
	d := &database{b: b, store: dataClaim(claimName(storeName, 0), storeSize)}
	if err := b.Create(ctx, d.store); err != nil {
		return nil, err
	}
	var err error
	d.cluster, err = b.scalable(ctx, "large", replicas, large)
	return d, err
}

// large lets a cluster have the database. So that large values do not make large
// processes, etcd keeps fewer of its last entries in memory than by default.
func large(c *v1alpha1.EtcdCluster) {
	c.Spec.Storage.Size = ptr.To(resource.MustParse(databaseSize))
	c.Spec.Etcd.QuotaBackend = ptr.To(resource.MustParse("3Gi"))
	c.Spec.Etcd.SnapshotCount = ptr.To[int64](500)
	c.Spec.Etcd.ExtraConfig = map[string]string{"snapshot-catchup-entries": "100"}
}

func dataClaim(name, size string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
		},
	}
}

// removeCluster may be repeated.
func (d *database) removeCluster(ctx context.Context) {
	if d.cluster != nil {
		d.cluster.remove(ctx)
		d.cluster = nil
	}
}

// remove deletes the backups before their store: a claim stays while a pod names
// it, be it one that has ended.
func (d *database) remove(ctx context.Context) {
	d.removeCluster(ctx)
	err := d.b.DeleteAllOf(ctx, &v1alpha1.EtcdBackup{}, client.InNamespace(namespace))
	if err == nil {
		err = d.b.Delete(ctx, d.store)
	}
	if err == nil {
		err = d.b.gone(ctx, storeName)
	}
	if err != nil {
		note("the store of the backups is left behind: %v", err)
	}
}
