package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestNoSpace: a database is full of history. The condition says so; once the
// spec allows it history goes, and etcd writes again, without a restart. Then it
// is full of keys, and a larger quota helps.
func TestNoSpace(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, quota("16Mi"))
	before := c.identities()
	c.fill(4)
	c.waitStalled("NoSpace", "spec.maintenance.compactOnNoSpace", "spec.etcd.quotaBackend")
	c.change(func(o *v1alpha1.EtcdCluster) { o.Spec.Maintenance.CompactOnNoSpace = true })
	c.write("again", 3).verify()
	c.waitReady()
	c.same(before)

	c.await("keys fill it", func(o *v1alpha1.EtcdCluster) error {
		client, n := c.client(), time.Now().UnixNano()
		if _, err := client.Put(bounded(t), fmt.Sprintf("key/%d", n), strings.Repeat("v", 256<<10)); err != nil && !errors.Is(err, rpctypes.ErrNoSpace) {
			return err
		}
		if text := conditionsText(o.Status.Conditions); !strings.Contains(text, "Delete keys and compact, or raise") {
			return errors.New(text)
		}
		return nil
	})
	c.change(quota("64Mi"))
	c.waitReady()
	c.write("larger", 3).verify()
	c.sameEverywhere()
}

// TestDefragment: what was deleted and compacted is given back on every member,
// one after the other, the leader last, while clients write.
func TestDefragment(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, func(o *v1alpha1.EtcdCluster) {
		o.Spec.Maintenance.Defragmentation = v1alpha1.Defragmentation{FreePercent: ptr.To[int32](50), MinFree: ptr.To(resource.MustParse("8Mi")), Disabled: true}
	})
	client := c.client()
	value := strings.Repeat("v", 256<<10)
	for i := range 80 {
		c.put(client, fmt.Sprintf("filled/%d", i), value)
	}
	if _, err := client.Delete(bounded(t), "filled/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Compact(bounded(t), c.revision(), clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	before, leader := c.identities(), c.waitReady().Status.Leader
	w := c.writer(c.pod(leader).Spec.NodeName)
	c.change(func(o *v1alpha1.EtcdCluster) { o.Spec.Maintenance.Defragmentation.Disabled = false })
	for _, member := range c.members() {
		member := c.dial(member)
		eventually(t, medium, "the database shrinks", func(ctx context.Context) error {
			s, err := member.Status(ctx, member.Endpoints()[0])
			if err == nil && s.DbSize > 12<<20 {
				return fmt.Errorf("it has %d bytes, of which %d are in use", s.DbSize, s.DbSizeInUse)
			}
			return err
		})
	}
	c.waitReady()
	w.progress(20)
	w.verify(c.client())
	c.same(before)
	if done := c.defragmented(); len(done) != 3 || done[2] != leader {
		t.Errorf("defragmented were %v, and %s led", done, leader)
	}
	c.sameEverywhere()
}

// TestCordon: leadership leaves a node that is cordoned, and comes to none.
func TestCordon(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	before, leader := c.identities(), c.waitReady().Status.Leader
	node := c.pod(leader).Spec.NodeName
	t.Cleanup(func() { c.uncordon(node) })
	kubectl(t, "cordon", node)
	c.await("another member leads", func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Leader == leader || o.Status.Leader == "" {
			return fmt.Errorf("%q leads", o.Status.Leader)
		}
		return nil
	})
	c.told("MoveLeader", "is cordoned")
	c.waitReady()
	c.same(before)
}

func quota(size string) edit {
	return func(o *v1alpha1.EtcdCluster) { o.Spec.Etcd.QuotaBackend = ptr.To(resource.MustParse(size)) }
}

// fill writes to so many keys, over and over, until etcd has no space left.
func (c *cluster) fill(keys int) {
	c.t.Helper()
	client, value := c.client(), strings.Repeat("v", 256<<10)
	for i := range 1000 {
		_, err := client.Put(bounded(c.t), fmt.Sprintf("filled/%d", i%keys), value)
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return
		}
		if err != nil {
			c.t.Fatalf("fill the database: %v", err)
		}
	}
	c.t.Fatal("the database is not full after 250 MiB")
}

// put writes a key, and again while etcd says no.
func (c *cluster) put(client *clientv3.Client, key, value string) {
	c.t.Helper()
	eventually(c.t, medium, "write "+key, func(ctx context.Context) error {
		_, err := client.Put(ctx, key, value)
		return err
	})
}

// defragmented are the members by the order of the Events.
func (c *cluster) defragmented() []string {
	c.t.Helper()
	list := &eventsv1.EventList{}
	if err := world.List(bounded(c.t), list, inSpace(c.space)); err != nil {
		c.t.Fatal(err)
	}
	all := slices.DeleteFunc(list.Items, func(e eventsv1.Event) bool { return e.Action != "Defragment" })
	slices.SortFunc(all, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	var names []string
	for _, e := range all {
		name, _, _ := strings.Cut(e.Note, " ")
		names = append(names, name)
	}
	return names
}
