package e2e

import (
	"testing"

	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const defaultClass = "storageclass.kubernetes.io/is-default-class"

// TestNoDefaultStorageClass: a claim for which there is no class is said, and
// goes on once there is one. It is not parallel: it takes the default from all.
func TestNoDefaultStorageClass(t *testing.T) {
	restore := takeDefaultClass(t)
	s := newSpace(t)
	c := s.etcd("demo", 1)
	c.waitStalled("NoStorageClass", "data-demo-0", "no default", "spec.storage.storageClassName")
	restore()
	c.waitReady()
}

// takeDefaultClass makes no StorageClass the default one, until told or the
// test ends.
func takeDefaultClass(t *testing.T) (restore func()) {
	t.Helper()
	list := &storagev1.StorageClassList{}
	if err := world.List(bounded(t), list); err != nil {
		t.Fatal(err)
	}
	var taken []string
	set := func(name, value string) {
		class := &storagev1.StorageClass{}
		if err := world.Get(bounded(t), client.ObjectKey{Name: name}, class); err != nil {
			t.Fatal(err)
		}
		base := class.DeepCopy()
		class.Annotations[defaultClass] = value
		if err := world.Patch(bounded(t), class, client.MergeFrom(base)); err != nil {
			t.Fatal(err)
		}
	}
	restore = func() {
		for _, name := range taken {
			set(name, "true")
		}
		taken = nil
	}
	t.Cleanup(restore)
	for _, class := range list.Items {
		if class.Annotations[defaultClass] == "true" {
			set(class.Name, "false")
			taken = append(taken, class.Name)
		}
	}
	return restore
}
