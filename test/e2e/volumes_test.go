package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestVolumeGrows: volumes grow under running members; shrinking is refused;
// another StorageClass is moved to by way of one member more; where the class
// cannot grow volumes, a condition says so and what to do.
func TestVolumeGrows(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	grows, fixed := s.class("grows", true), s.class("fixed", false)
	c := s.readyEtcd("demo", 3, storageClass(grows))
	l := c.load(relaxed)
	before := c.identities()

	l.phase("volumes grow")
	c.change(size("2Gi"))
	c.waitReady()
	c.grown(2 << 30)
	c.same(before)

	refused := c.object()
	size("1Gi")(refused)
	if err := world.Update(bounded(t), refused); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "cannot shrink") {
		t.Errorf("shrinking: %v", err)
	}

	l.phase("to another class")
	fewest, watched := c.fewestVoters()
	c.change(storageClass(fixed))
	o := c.waitReady()
	watched()
	if n := fewest.Load(); n < 3 {
		t.Errorf("there were only %d voters at a time", n)
	}
	c.onClass(fixed)
	c.settled(o)
	if now := memberIDs(o); sharesValue(now, before.ids) {
		t.Errorf("the members are %v, they were %v", now, before.ids)
	}

	l.phase("cannot grow")
	c.change(size("3Gi"))
	c.waitStalled("VolumeCannotGrow", fixed, "spec.storage")
	l.finish()
}

// class makes a StorageClass like the default one, and returns its name.
func (s *space) class(name string, expandable bool) string {
	s.t.Helper()
	model := &storagev1.StorageClass{}
	if err := world.Get(bounded(s.t), client.ObjectKey{Name: "standard"}, model); err != nil {
		s.t.Fatal(err)
	}
	class := &storagev1.StorageClass{
		ObjectMeta:  metav1.ObjectMeta{Name: s.name + "-" + name},
		Provisioner: model.Provisioner, ReclaimPolicy: model.ReclaimPolicy, VolumeBindingMode: model.VolumeBindingMode,
		AllowVolumeExpansion: &expandable,
	}
	if err := world.Create(bounded(s.t), class); err != nil {
		s.t.Fatalf("create StorageClass: %v", err)
	}
	removeAtEnd(s.t, class)
	return class.Name
}

func size(q string) edit {
	return func(c *v1alpha1.EtcdCluster) {
		quantity := resource.MustParse(q)
		c.Spec.Storage.Size = &quantity
	}
}

// grown waits until every member's filesystem has grown, below a StatefulSet
// that asks for as much from the next one.
func (c *cluster) grown(bytes int64) {
	c.t.Helper()
	eventually(c.t, medium, "filesystems and StatefulSet have grown", func(ctx context.Context) error {
		for i := range c.members() {
			var fs syscall.Statfs_t
			if err := syscall.Statfs(c.disk(i), &fs); err != nil {
				return err
			}
			if have := int64(fs.Blocks) * fs.Bsize; have < bytes*9/10 { // XFS keeps some for its log
				return fmt.Errorf("the filesystem of %s has %d bytes", c.member(i), have)
			}
			claim := c.claims()[c.claim(i)]
			if have := claim.Status.Capacity.Storage().Value(); have != bytes {
				return fmt.Errorf("%s has %d bytes", claim.Name, have)
			}
		}
		set := &appsv1.StatefulSet{}
		if err := world.Get(ctx, c.key(c.name), set); err != nil {
			return err
		}
		if asks := set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests.Storage().Value(); asks != bytes {
			return fmt.Errorf("the StatefulSet asks for %d bytes", asks)
		}
		return nil
	})
}

// fewestVoters watches how many voters the status shows, until told.
func (c *cluster) fewestVoters() (fewest *atomic.Int32, end func()) {
	c.t.Helper()
	fewest = &atomic.Int32{}
	fewest.Store(100)
	ctx, stop := context.WithCancel(context.Background())
	w, err := world.Watch(ctx, &v1alpha1.EtcdClusterList{}, client.InNamespace(c.space.name))
	if err != nil {
		stop()
		c.t.Fatalf("watch %s: %v", c.name, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range w.ResultChan() {
			o, ok := e.Object.(*v1alpha1.EtcdCluster)
			if !ok {
				continue
			}
			fewest.Store(min(fewest.Load(), int32(voterCount(o))))
		}
	}()
	end = func() {
		stop()
		w.Stop()
		<-done
	}
	c.t.Cleanup(stop)
	return fewest, end
}

// onClass checks that every claim is of that StorageClass.
func (c *cluster) onClass(name string) {
	c.t.Helper()
	for _, claim := range c.claims() {
		if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != name {
			c.t.Errorf("%s is of the class %v, not %s", claim.Name, claim.Spec.StorageClassName, name)
		}
	}
	set := &appsv1.StatefulSet{}
	c.read(c.name, set)
	if class := set.Spec.VolumeClaimTemplates[0].Spec.StorageClassName; class == nil || *class != name {
		c.t.Errorf("the StatefulSet makes claims of the class %v, not %s", class, name)
	}
}

func sharesValue(a, b map[string]string) bool {
	for v := range maps.Values(a) {
		for w := range maps.Values(b) {
			if v == w {
				return true
			}
		}
	}
	return false
}
