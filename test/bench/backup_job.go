package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/snapshot"
)

const mebibyte = 1 << 20

// settling is how long a disk is left alone after something large was deleted.
const settling = 5 * time.Second

// saved is what one EtcdBackup came to, by its Job's own words.
type saved struct {
	snapshot.Manifest
	peak int64 // bytes
}

// rate is the database's size over the time from the member into the store,
// whole over all that the Job did: the hash of the keys, saving, reading back.
func (s saved) rate() float64  { return rate(s.Plain.Size, s.Saved()) }
func (s saved) whole() float64 { return rate(s.Plain.Size, s.Duration()) }

// window is the time in which the Job was at work.
func (s saved) window() window { return window{s.CreatedAt, s.CreatedAt.Add(s.Duration())} }

func rate(bytes int64, d time.Duration) float64 {
	return float64(bytes) / mebibyte / d.Seconds()
}

// unbounded is a maxBytesPerSecond that no disk comes to.
const unbounded = "1Ti"

// backup makes one EtcdBackup into the volume, without compression, and leaves it. It
// is made as fast as it goes, or as fast as is said; empty is Quorate's default.
func (d *database) backup(ctx context.Context, name, perSecond string) (saved, error) {
	object := &v1alpha1.EtcdBackup{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	object.Spec.ClusterName = d.cluster.name()
	object.Spec.Store.URL, object.Spec.Compression = "volume://"+d.store.Name, v1alpha1.CompressionNone
	if perSecond != "" {
		object.Spec.MaxBytesPerSecond = ptr.To(resource.MustParse(perSecond))
	}
	if err := d.b.Create(ctx, object); err != nil {
		return saved{}, err
	}
	err := await(ctx, "the backup "+name+" is complete", func() (bool, error) {
		if err := d.b.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return false, err
		}
		if failed := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionFailed); failed != nil && failed.Status == metav1.ConditionTrue {
			return false, errors.New(failed.Message)
		}
		return meta.IsStatusConditionTrue(object.Status.Conditions, v1alpha1.ConditionComplete), nil
	})
	if err != nil {
		return saved{}, err
	}
	s, err := d.told(ctx, name)
	d.member, d.kept = s.Member.Name, name
	return s, err
}

// told reads what the Job's container has left as its last words.
func (d *database) told(ctx context.Context, name string) (saved, error) {
	pods := &corev1.PodList{}
	if err := d.b.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelBackup: name}); err != nil {
		return saved{}, err
	}
	for _, pod := range pods.Items {
		for _, c := range pod.Status.ContainerStatuses {
			if c.State.Terminated == nil || c.State.Terminated.ExitCode != 0 {
				continue
			}
			result, err := snapshot.DecodeResult([]byte(c.State.Terminated.Message))
			if err != nil {
				return saved{}, err
			}
			if result.Manifest == nil || result.Manifest.SavedMillis == 0 || result.PeakBytes == 0 {
				return saved{}, fmt.Errorf("the Job of backup %s does not tell how long it took: %s", name, c.State.Terminated.Message)
			}
			return saved{*result.Manifest, result.PeakBytes}, nil
		}
	}
	return saved{}, fmt.Errorf("no pod of backup %s has ended well", name)
}

// allocate has the store's volume take all the blocks that it will ever have, as a disk
// has from the start. It is a sparse file, and so are the members' volumes: who writes
// there for the first time changes the file system that all of them lie on.
func (d *database) allocate(ctx context.Context) error {
	folder, err := d.folder(ctx)
	if err != nil {
		return err
	}
	var room syscall.Statfs_t
	if err := syscall.Statfs(folder, &room); err != nil {
		return err
	}
	path := filepath.Join(folder, "blocks")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	zeros := make([]byte, mebibyte)
	size := resource.MustParse(storeSize)
	for left := min(int64(room.Bavail)*room.Bsize, size.Value()) - 64*mebibyte; left > 0 && err == nil; left -= mebibyte {
		_, err = f.Write(zeros)
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(path))
}

// discard removes what lies in the store, as its owner might: what is saved next
// has the same room on the disk.
func (d *database) discard(ctx context.Context) error {
	folder, err := d.folder(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	// Else whoever comes next waits while the file system gives the blocks back.
	syscall.Sync()
	return pause(ctx, settling)
}

// folder is the store's volume as this machine sees it.
func (d *database) folder(ctx context.Context) (string, error) {
	if err := d.b.Get(ctx, client.ObjectKeyFromObject(d.store), d.store); err != nil {
		return "", err
	}
	volume := &corev1.PersistentVolume{}
	if err := d.b.Get(ctx, client.ObjectKey{Name: d.store.Spec.VolumeName}, volume); err != nil {
		return "", err
	}
	if volume.Spec.Local == nil {
		return "", fmt.Errorf("the volume of %s is no folder of a node: is this the local Kubernetes?", d.store.Name)
	}
	return volume.Spec.Local.Path, nil
}
