package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/test/storeserver"
)

// TestBackupBadStore: a store that is full, read-only, too slow, or gone in the middle
// is a reason and a next step, and no backup; once it is mended another one completes.
// A cluster that is to begin with a backup does not begin while the store is gone, nor
// on a volume without room. The shortest deadline is a minute, in which all is done
// side by side.
func TestBackupBadStore(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	s.create(volumeStore())
	c := s.etcd("demo", 1)
	small := s.etcd("small", 1, beginningWith(v1alpha1.RestoreSource{BackupName: "first"}))
	st, slow, frozen := s.store("store"), s.store("slow"), s.store("frozen")
	c.waitReady()
	keys := c.write("before", 20)
	c.writeNoise(8 << 20)
	at := c.revision()
	small.waitStalled(string(plan.ReasonBackupMissing), "first")
	must(t, storeserver.Folder(small.disk(0)).Fill(4<<20))
	good, first := c.backup("good", st.at()), c.backup("first", intoVolume)
	frozen.change(storeReadOnly(true))
	slow.change(storeRate(32 << 10))
	good.complete()
	first.complete()
	backups := storeserver.Folder(s.volumeFolder("backups"))
	must(t, backups.Fill(1<<20))

	st.change(storeRate(256 << 10)) // what begins now is under way when it goes
	failing := map[string]*backup{
		"StoreFull":    c.backup("full", intoVolume, shortly),
		"AccessDenied": c.backup("read-only", frozen.at(), shortly),
		"slow":         c.backup("slow", slow.at(), shortly),
		"gone":         c.backup("gone", st.at(), shortly),
	}
	restored := s.etcd("restored", 1, beginningWith(v1alpha1.RestoreSource{BackupName: "good"}))
	restored.waitMessage("is brought to the members: ")
	st.change(storeGone(true))
	for reason, b := range failing {
		switch reason {
		case "slow":
			b.failedFor("DeadlineExceeded", "TimedOut", "Interrupted")
		case "gone":
			b.failedFor("DeadlineExceeded", "TimedOut", "Interrupted", "Unreachable")
		default:
			b.failedFor(reason)
		}
	}
	restored.unborn()

	st.change(storeGone(false), storeRate(0))
	must(t, backups.Release())
	after, again := c.backup("after", st.at()), c.backup("again", intoVolume)
	kubectl(t, "-n", s.name, "delete", "job", "restored-restore", "--ignore-not-found") // as its condition says
	after.complete()
	again.complete()
	folder := "etcd/" + s.name + "/demo/"
	manifests := slices.DeleteFunc(slices.Concat(st.keys(folder), slow.keys(folder), frozen.keys(folder)), func(key string) bool { return !strings.HasSuffix(key, ".json") })
	if want := []string{folder + "after.json", folder + "good.json"}; !slices.Equal(manifests, want) {
		t.Errorf("the stores have the manifests %v, want %v", manifests, want)
	}
	restored.waitReady()
	restored.beganWith(keys, at)
	small.waitStalled(string(plan.ReasonRestoreFailed), "no room", "No volume was touched", "delete the Job")
	small.unborn()
	c.settled(c.waitReady())
}

// unborn checks that a cluster has not begun.
func (c *cluster) unborn() {
	c.t.Helper()
	if o := c.object(); o.Status.ClusterID != "" || o.Status.Birth != nil {
		c.t.Errorf("%s was born without its data: %+v", o.Name, o.Status)
	}
}

// shortly is the shortest deadline.
func shortly(b *v1alpha1.EtcdBackup) { b.Spec.Deadline = duration("1m") }

// writeNoise makes a database larger by what nothing compresses.
func (c *cluster) writeNoise(size int) {
	c.t.Helper()
	client := c.client()
	for i := range size >> 20 {
		noise := make([]byte, 1<<20)
		_, _ = rand.Read(noise) // it never fails
		_, err := client.Put(bounded(c.t), fmt.Sprintf("noise/%d", i), string(noise))
		must(c.t, err)
	}
}

// failedFor waits until a backup has failed for one of some reasons, with a next step.
func (b *backup) failedFor(reasons ...string) {
	b.t.Helper()
	got := b.waitFor(v1alpha1.ConditionFailed)
	condition := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionFailed)
	if !slices.Contains(reasons, condition.Reason) || !strings.Contains(condition.Message, "make another EtcdBackup") {
		b.t.Errorf("backup %s failed for %s: %s", b.name, condition.Reason, condition.Message)
	}
}

// waitMessage waits until a cluster says so of what it waits for.
func (c *cluster) waitMessage(words string) {
	c.t.Helper()
	eventually(c.t, long, c.name+" says "+words, func(context.Context) error {
		text := conditionsText(c.object().Status.Conditions)
		if !strings.Contains(text, words) {
			return fmt.Errorf("%s", text)
		}
		return nil
	})
}
