package e2e

import (
	"fmt"
	"testing"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Releases that the suite has member images of: hack/make/e2e.mk.
const (
	patchBefore = "3.7.2"
	line36      = "3.6.16"
	line35      = "3.5.35"
)

// TestUpgradePatch: to the next patch release and back, under a load that
// notices nothing.
func TestUpgradePatch(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, version(patchBefore))
	l := c.load(relaxed)
	for _, to := range []string{etcdVersion, patchBefore} {
		before, leader := c.identities(), c.waitReady().Status.Leader
		l.phase("to " + to)
		c.change(version(to))
		c.runs(to)
		c.rolledOut(before, leader)
	}
	l.progress(20)
	l.finish()
	c.settled(c.waitReady())
}

// TestOlderLines: clusters of the older lines are born, grow, follow a change of
// their settings, replace a member and shrink, as those of the newest one.
func TestOlderLines(t *testing.T) {
	t.Parallel()
	for _, release := range []string{line35, line36} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			c := newSpace(t).readyEtcd("demo", 1, version(release))
			keys := c.write("before", 20)
			c.scaleTo(3)
			c.runs(release)
			before, leader := c.identities(), c.waitReady().Status.Leader
			c.change(snapshotCount(5000))
			c.waitReady()
			c.rolledOut(before, leader)
			before = c.identities()
			c.loseVolume(1)
			c.awaitReplaced(1, before)
			keys.verify()
			c.sameEverywhere()
			c.scaleTo(1)
			c.settled(c.waitReady())
			keys.verify()
		})
	}
}

// TestUpgradeSkipRefused: a step that etcd does not survive is refused with the
// way to go, and nobody restarts.
func TestUpgradeSkipRefused(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 1, version(line35))
	keys := c.write("before", 10)
	before := c.identities()
	c.change(version(etcdVersion))
	c.waitStalled("VersionStepRefused", "members run "+line35, "set spec.version to a release of 3.6 first")
	c.change(version(line35))
	c.waitReady()
	c.same(before)
	keys.verify()
}

// runs waits until every member runs a release, by its own word.
func (c *cluster) runs(release string) {
	c.t.Helper()
	c.await("runs "+release, func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Version != release {
			return fmt.Errorf("status.version is %q", o.Status.Version)
		}
		for _, m := range o.Status.Members {
			if m.Version != release {
				return fmt.Errorf("%s runs %q", m.Name, m.Version)
			}
		}
		return ready(o)
	})
}
