package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// scenario is what the operator is asked to do while its writes are disturbed.
type scenario struct {
	name string
	// before brings the cluster to where the scenario starts; what the operator
	// writes for that is not disturbed. nil: there is no cluster yet.
	before func(*cluster)
	// act asks, and returns once the operator has done it.
	act func(*cluster)
}

var scenarios = []scenario{
	{"scale", nil, scaleOutAndIn},
	{"replace", three, replaceTwice},
	{"hibernate", three, sleepAndWake},
	{"grow", threeThatGrow, growVolumes},
	{"rollout", three, rollOut},
	{"downgrade", three, stepBack},
	{"space", threeThatFill, giveSpaceBack},
	{"rotate", three, replaceAuthorities},
	{"backup", three, backUpAndDelete},
	{"restore", oneThatIsBackedUp, beginWithBackup},
	{"in-place", threeThatAreBackedUp, goBackToBackup},
}

// scaleOutAndIn creates a cluster of one member, scales it to three and, with
// the highest ordinal leading, to one again.
func scaleOutAndIn(c *cluster) {
	c.create(manifest(c.name, 1, operatedBy(c.sweeper())))
	c.waitReady()
	c.scaleTo(3)
	c.waitReady()
	c.lead(c.member(2))
	c.scaleTo(1)
}

func three(c *cluster) { c.made() }

// made creates a cluster of three that the sweep's operator acts on.
func (c *cluster) made(edits ...edit) {
	c.create(manifest(c.name, 3, append(edits, operatedBy(c.sweeper()))...))
	c.waitReady()
}

// replaceTwice deletes the claim of one member, and then empties the volume of
// another.
func replaceTwice(c *cluster) {
	before := c.identities()
	c.loseVolume(1)
	c.awaitReplaced(1, before)
	before = c.identities()
	release := c.hold(2)
	if err := wipe(c.disk(2)); err != nil {
		c.t.Fatal(err)
	}
	release()
	c.awaitReplaced(2, before)
}

func sleepAndWake(c *cluster) {
	c.change(hibernated(true))
	c.asleep()
	c.change(hibernated(false))
}

// rollOut changes what members are started with, while the one leads that would
// restart first by its number.
func rollOut(c *cluster) {
	c.lead(c.member(2))
	c.change(snapshotCount(5000))
	c.waitReady()
}

// stepBack goes to the release line before, while the one leads that would
// restart first by its number.
func stepBack(c *cluster) {
	c.lead(c.member(2))
	c.change(version(line36))
	c.runs(line36)
	c.nothingKept()
}

// backUpAndDelete makes a backup into a volume, and deletes it with its data.
func backUpAndDelete(c *cluster) {
	c.create(volumeStore())
	c.write("before", 10)
	c.backup("nightly", intoVolume, func(b *v1alpha1.EtcdBackup) { b.Spec.DeletionPolicy = v1alpha1.DeletionDelete }).complete()
	kubectl(c.t, "-n", c.space.name, "delete", "etcdbackup", "nightly", "--timeout=2m")
}

// oneThatIsBackedUp is another cluster, with a backup.
func oneThatIsBackedUp(c *cluster) {
	source := &cluster{c.space, "source"}
	c.create(volumeStore(), manifest(source.name, 1, operatedBy(c.sweeper())))
	source.waitReady()
	source.write("before", 10)
	source.backup("nightly", intoVolume).complete()
}

// beginWithBackup creates a cluster of three that begins with the other's backup.
func beginWithBackup(c *cluster) {
	c.made(beginningWith(v1alpha1.RestoreSource{BackupName: "nightly"}))
}

func threeThatAreBackedUp(c *cluster) {
	c.create(volumeStore())
	three(c)
	c.write("before", 10)
	c.backup("nightly", intoVolume).complete()
	c.write("later", 5)
}

// goBackToBackup puts the backup in the place of the data.
func goBackToBackup(c *cluster) { c.restoreFrom("nightly", "back").complete() }

// replaceAuthorities gives clients no time: there are none.
func replaceAuthorities(c *cluster) {
	before := c.identities()
	c.change(grace("1s"), func(o *v1alpha1.EtcdCluster) {
		o.Annotations = map[string]string{v1alpha1.AnnotationRotateCA: "once"}
	})
	c.rotated("once")
	c.restartsAll(before)
}

func threeThatFill(c *cluster) {
	c.made(quota("16Mi"))
}

// giveSpaceBack fills the database with history, and lets that go.
func giveSpaceBack(c *cluster) {
	c.lead(c.member(2))
	c.fill(4)
	c.change(func(o *v1alpha1.EtcdCluster) { o.Spec.Maintenance.CompactOnNoSpace = true })
	c.write("again", 3).verify()
	c.waitReady()
}

// threeThatGrow have a quota of their own: the default follows the volumes, and
// the StatefulSet may be made anew before or after these have grown.
func threeThatGrow(c *cluster) {
	quota := func(o *v1alpha1.EtcdCluster) { o.Spec.Etcd.QuotaBackend = ptr.To(resource.MustParse("256Mi")) }
	c.made(storageClass(c.class("grows", true)), quota)
}

func growVolumes(c *cluster) {
	c.change(size("2Gi"))
	c.waitReady()
	c.grown(2 << 30)
}

// sweeper is how the operator names itself on a cluster of the sweep.
func (c *cluster) sweeper() string { return c.space.name + "/" + sweeperName }

// In the end the operator must have nothing to write for so long, and may need
// so many attempts for that.
const (
	quiet    = 1500 * time.Millisecond
	patience = 10
)

// run goes through a scenario in a namespace of its own, with an operator that
// meets one fault, and returns how it ends: as wanted, or the test fails.
func (s scenario) run(t *testing.T, fault string, want *outcome) outcome {
	t.Helper()
	space := newSpace(t)
	c := &cluster{space, "demo"}
	counts := space.counts()
	op := newSweeper(c, fault)
	if s.before != nil {
		op.start(noFault)
		s.before(c)
		op.stop()
	}
	op.start(withFault)
	s.act(c)
	c.settled(c.waitReady())
	var last outcome
	look := func() int {
		eventually(t, short, "it ends as the undisturbed run", func(context.Context) error {
			last = outcome{state: c.state(), counts: counts.read(t), writes: op.writes()}
			if want != nil {
				return last.differs(*want)
			}
			return nil
		})
		return len(last.writes)
	}
	for range patience {
		n := look()
		<-time.After(quiet) // what is still to come comes now
		if look() == n {
			return last
		}
	}
	t.Fatalf("the operator never has nothing to write:\n%s", last.writes)
	return last
}

// outcome is how a run ended.
type outcome struct {
	// state is all objects of the cluster, without what differs between any two
	// runs; counts what was created and deleted on the way.
	state  map[string][]string
	counts map[string]string
	writes writes
}

// differs says where an outcome is not the other.
func (o outcome) differs(want outcome) error {
	if diff := cmp.Diff(want.counts, o.counts); diff != "" {
		return fmt.Errorf("other creations and deletions (-undisturbed +disturbed):\n%s", diff)
	}
	if got, want := o.writes.members(), want.writes.members(); got != want {
		return fmt.Errorf("changes of the member list: %s; undisturbed: %s", got, want)
	}
	if diff := cmp.Diff(want.state, o.state); diff != "" {
		return fmt.Errorf("another state (-undisturbed +disturbed):\n%s", diff)
	}
	return nil
}
