package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// held keeps the object of a pod that has ended.
const held = "e2e.quorate.dev/held"

// hold ends a member's pod and lets nothing take its place: the member is
// absent, its name does not resolve, its volume lies still. The test's end
// lets go, if the test did not.
func (c *cluster) hold(ordinal int) (release func()) {
	c.t.Helper()
	name, pod := c.member(ordinal), &corev1.Pod{}
	modify(c.space, name, pod, func(p *corev1.Pod) { controllerutil.AddFinalizer(p, held) })
	let := func(ctx context.Context) error {
		live := &corev1.Pod{}
		err := world.Get(ctx, c.key(name), live)
		if err != nil || live.UID != pod.UID {
			return client.IgnoreNotFound(err)
		}
		base := live.DeepCopy()
		if !controllerutil.RemoveFinalizer(live, held) {
			return nil
		}
		return client.IgnoreNotFound(world.Patch(ctx, live, client.MergeFrom(base)))
	}
	c.t.Cleanup(func() {
		if err := until(short, let); err != nil {
			c.t.Errorf("let go of pod %s: %v", name, err)
		}
	})
	c.remove(&corev1.Pod{ObjectMeta: pod.ObjectMeta})
	c.awaitPod(name, "has ended", func(p *corev1.Pod) error {
		for _, s := range p.Status.ContainerStatuses {
			if s.State.Terminated == nil {
				return fmt.Errorf("container %s runs", s.Name)
			}
		}
		return nil
	})
	return func() {
		c.t.Helper()
		eventually(c.t, short, "pod "+name+" is let go", let)
	}
}

// disk is the folder on this machine that is a member's volume.
func (c *cluster) disk(ordinal int) string {
	c.t.Helper()
	return c.volumeFolder(c.claim(ordinal))
}

// volumeFolder is the folder on this machine that is a claim's volume.
func (s *space) volumeFolder(claimName string) string {
	s.t.Helper()
	claim, volume := &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolume{}
	s.read(claimName, claim)
	if err := world.Get(bounded(s.t), client.ObjectKey{Name: claim.Spec.VolumeName}, volume); err != nil {
		s.t.Fatalf("read volume %s: %v", claim.Spec.VolumeName, err)
	}
	if volume.Spec.Local == nil {
		s.t.Fatalf("volume %s is not on this machine", volume.Name)
	}
	return volume.Spec.Local.Path
}

// wipe deletes all that lies on a volume.
func wipe(disk string) error {
	entries, err := os.ReadDir(disk)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fmt.Errorf("%s is empty already", disk)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(disk, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// damageLog overwrites a few bytes amid the records of a write-ahead log.
func damageLog(disk string) error {
	files, err := filepath.Glob(filepath.Join(disk, "data", "member", "wal", "*.wal"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no write-ahead log below %s (%w)", disk, err)
	}
	slices.Sort(files)
	raw, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	used := len(raw)
	for used > 0 && raw[used-1] == 0 { // the rest is only reserved
		used--
	}
	return overwrite(files[0], int64(used/2), 16)
}

// damageDatabase makes both of bbolt's first pages unreadable.
func damageDatabase(disk string) error {
	return overwrite(filepath.Join(disk, "data", "member", "snap", "db"), 0, 2*os.Getpagesize())
}

func overwrite(file string, at int64, n int) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(slices.Repeat([]byte{0xa5}, n), at)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// changeGlobal changes an object without a namespace, again when somebody was
// faster. One that is gone stays gone.
func changeGlobal(t testing.TB, o client.Object, change func()) {
	t.Helper()
	eventually(t, short, fmt.Sprintf("change %T %s", o, o.GetName()), func(ctx context.Context) error {
		if err := world.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return client.IgnoreNotFound(err)
		}
		change()
		return world.Update(ctx, o)
	})
}
