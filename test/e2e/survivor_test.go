package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestRecoverFromSurvivor: under load one member's volume is destroyed, and another
// one's process ends and a person declares it lost. One EtcdRestore brings the cluster
// back, not before that process can be no member any more, and with every write that
// the survivor has acknowledged. The lost one's data comes back, and finds no quorum.
func TestRecoverFromSurvivor(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	born, before := c.object().Status.ClusterID, c.identities()
	lost := before.ids[c.member(2)]
	load := c.traffic(0)
	letGo := c.hold(2)
	old := t.TempDir()
	run(t, "cp", "-a", c.disk(2)+"/.", old)
	load.progress(100)
	emptied := c.hold(1)
	if err := wipe(c.disk(1)); err != nil {
		t.Fatal(err)
	}
	emptied()
	load.stop()

	dry := c.survivor("dry", func(r *v1alpha1.EtcdRestore) { r.Spec.DryRun = true })
	c.restoreSays(dry, "DryRun", "could not begin", lost)
	back := c.survivor("back")
	c.restoreSays(back, "QuorumLost", "lostMembers: ["+lost+"]")
	kubectl(t, "-n", c.space.name, "patch", "etcdrestore", "back", "--type=merge", "-p", `{"spec":{"lostMembers":["`+lost+`"]}}`)
	c.restoreSays(back, "RecoveringFromSurvivor", c.member(2), "have ended")
	if r := c.object().Status.Restore; r == nil || r.Survivor != "" {
		t.Errorf("somebody survives while a pod of the lost member is there: %+v", r)
	}
	letGo()
	start := time.Now()
	c.restoreSays(back, "Complete")
	o := c.waitReady()
	t.Logf("all voters back %.1f s after the lost member was out of reach", time.Since(start).Seconds())
	now := c.identities()
	if o.Status.ClusterID != born || now.ids[c.member(0)] != before.ids[c.member(0)] || now.ids[c.member(1)] == before.ids[c.member(1)] || now.ids[c.member(2)] == lost {
		t.Errorf("cluster %s, members %v; before: %s, %v", o.Status.ClusterID, now.ids, born, before.ids)
	}
	load.verify()

	again := c.hold(2)
	if err := wipe(c.disk(2)); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", "-a", old+"/.", c.disk(2))
	again()
	c.awaitReplaced(2, now)
	load.verify()
	c.settled(c.waitReady())
}

// TestQuorumLossSurvivor: by policy the same is done without a person, where the
// evidence is there; where it is not, nothing is.
func TestQuorumLossSurvivor(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, func(c *v1alpha1.EtcdCluster) {
		c.Spec.QuorumLoss, c.Spec.QuorumLossAfter = v1alpha1.QuorumLossSurvivor, &metav1.Duration{Duration: 10 * time.Second}
	})
	keys, before := c.write("before", 20), c.identities()
	letGo := c.hold(2)
	// Emptied and not deleted: a new volume could take the node that demo-2 comes back to.
	emptied := c.hold(1)
	if err := wipe(c.disk(1)); err != nil {
		t.Fatal(err)
	}
	emptied()
	c.waitStalled("QuorumLost", "lostMembers: ["+before.ids[c.member(2)]+"]")
	if list := c.restores(); len(list) > 0 {
		t.Errorf("without the evidence there are %d EtcdRestores", len(list))
	}
	if err := wipe(c.disk(2)); err != nil {
		t.Fatal(err)
	}
	letGo()
	c.await("is back", func(o *v1alpha1.EtcdCluster) error {
		if r := o.Status.Restore; r == nil || r.CompletedAt == nil || r.Survivor != before.ids[c.member(0)] {
			return fmt.Errorf("restore %+v", r)
		}
		return ready(o)
	})
	list := c.restores()
	if len(list) != 1 || !metav1.IsControlledBy(&list[0], c.object()) {
		t.Fatalf("there are %d EtcdRestores", len(list))
	}
	c.restoreSays(&list[0], "Complete")
	keys.verify()
	c.settled(c.waitReady())
}

func (c *cluster) restores() []v1alpha1.EtcdRestore {
	c.t.Helper()
	list := &v1alpha1.EtcdRestoreList{}
	if err := world.List(bounded(c.t), list, client.InNamespace(c.space.name)); err != nil {
		c.t.Fatal(err)
	}
	return list.Items
}

// survivor applies an EtcdRestore with that source.
func (c *cluster) survivor(name string, change ...func(*v1alpha1.EtcdRestore)) *v1alpha1.EtcdRestore {
	c.t.Helper()
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Name: name}}
	r.Spec = v1alpha1.EtcdRestoreSpec{ClusterName: c.name, Source: v1alpha1.RestoreFromSurvivor}
	for _, f := range change {
		f(r)
	}
	c.create(r)
	return r
}

// restoreSays waits until an EtcdRestore's condition has that reason and says these
// phrases.
func (c *cluster) restoreSays(r *v1alpha1.EtcdRestore, reason string, phrases ...string) {
	c.t.Helper()
	eventually(c.t, long, r.Name+" says "+reason, func(ctx context.Context) error {
		live := &v1alpha1.EtcdRestore{}
		if err := world.Get(ctx, c.key(r.Name), live); err != nil {
			return err
		}
		got := meta.FindStatusCondition(live.Status.Conditions, v1alpha1.ConditionComplete)
		if got == nil || got.Reason != reason {
			return fmt.Errorf("it says %+v", got)
		}
		for _, phrase := range phrases {
			if !strings.Contains(got.Message, phrase) {
				return fmt.Errorf("%q is missing in %q", phrase, got.Message)
			}
		}
		return nil
	})
}

// traffic is what clients write through one member, until it is stopped.
type traffic struct {
	keys   *keyspace
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
}

func (c *cluster) traffic(ordinal int) *traffic {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &traffic{keys: &keyspace{c, "load", map[string]string{}}, cancel: cancel}
	etcd := c.dial(c.member(ordinal))
	for w := range 4 {
		l.done.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key, value := fmt.Sprintf("load/%d-%d", w, i), fmt.Sprintf("%s-%d", c.space.name, i)
				attempt, end := context.WithTimeout(ctx, time.Second)
				if _, err := etcd.Put(attempt, key, value); err == nil {
					l.mu.Lock()
					l.keys.values[key] = value
					l.mu.Unlock()
				}
				end()
			}
		})
	}
	c.t.Cleanup(func() { l.stop() })
	l.progress(100)
	return l
}

func (l *traffic) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.keys.values)
}

// progress waits until that many more writes were acknowledged.
func (l *traffic) progress(more int) {
	l.keys.c.t.Helper()
	start := l.count()
	eventually(l.keys.c.t, medium, fmt.Sprintf("%d more writes are acknowledged", more), func(context.Context) error {
		if n := l.count(); n < start+more {
			return fmt.Errorf("%d, and %d before", n, start)
		}
		return nil
	})
}

func (l *traffic) stop() {
	l.cancel()
	l.done.Wait()
}

// verify reads back all that was acknowledged. What was not may be there too.
func (l *traffic) verify() {
	c := l.keys.c
	c.t.Helper()
	var got *clientv3.GetResponse
	eventually(c.t, medium, "read what was written", func(context.Context) (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		got, err = c.client().Get(ctx, "load/", clientv3.WithPrefix())
		return err
	})
	found := map[string]string{}
	for _, kv := range got.Kvs {
		found[string(kv.Key)] = string(kv.Value)
	}
	for key, want := range l.keys.values {
		if found[key] != want {
			c.t.Errorf("%s was acknowledged and is %q, not %q", key, found[key], want)
		}
	}
	c.t.Logf("%d writes were acknowledged, %d are there", len(l.keys.values), len(found))
}
