package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestUpgrade35to36to37: from line to line under a load that writes and reads and
// whose whole history is judged; a watch goes on where it was before each step,
// and no copy of the database stays behind.
func TestUpgrade35to36to37(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, version(line35))
	l := c.load(relaxed)
	for _, to := range []string{line36, etcdVersion} {
		before, leader, since := c.identities(), c.waitReady().Status.Leader, c.revision()
		l.phase("to " + to)
		c.change(version(to))
		c.runs(to)
		c.rolledOut(before, leader)
		c.watchGoesOn(since)
		c.told("Prepare", "kept on the volume")
		c.nothingKept()
	}
	l.progress(20)
	l.finish()
	c.sameEverywhere()
	c.settled(c.waitReady())
}

// TestUpgradeWithOneMemberDown: a step waits for the member that is down, by
// name, and restarts nobody. It goes on once that is back.
func TestUpgradeWithOneMemberDown(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, version(line36))
	keys := c.write("before", 20)
	release := c.hold(1)
	before := c.identities()
	c.change(version(etcdVersion))
	c.await("waits for demo-1", func(o *v1alpha1.EtcdCluster) error {
		if text := conditionsText(o.Status.Conditions); !strings.Contains(text, "once every voter serves") || !strings.Contains(text, "demo-1") {
			return fmt.Errorf("it does not say so: %s", text)
		}
		return nil
	})
	c.write("meanwhile", 5).verify()
	c.same(before)
	release()
	c.runs(etcdVersion)
	c.nothingKept()
	keys.verify()
	c.sameEverywhere()
}

// TestDowngrade37to36: back a line, by etcd's own downgrade, under a load that
// notices nothing. One that is given up before anybody has restarted leaves
// nothing behind.
func TestDowngrade37to36(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	l := c.load(relaxed)
	before := c.identities()
	c.change(version(line36), supervised)
	c.await("asks before the first restart", func(o *v1alpha1.EtcdCluster) error {
		return conditionAt(o, o.Generation, v1alpha1.ConditionStalled, "True", "AwaitingApproval")
	})
	if form := c.form(); form != "3.6" {
		t.Errorf("the data has the form of %s", form)
	}
	c.change(version(etcdVersion), func(o *v1alpha1.EtcdCluster) { o.Spec.Update.Mode = v1alpha1.UpdateAutomatic })
	c.waitReady()
	c.same(before)
	eventually(t, medium, "the data takes the newer form again", func(context.Context) error {
		if form := c.form(); form != "3.7" {
			return fmt.Errorf("it has that of %s", form)
		}
		return nil
	})
	c.nothingKept()

	leader, since := c.waitReady().Status.Leader, c.revision()
	l.phase("to " + line36)
	c.change(version(line36))
	c.runs(line36)
	c.rolledOut(before, leader)
	c.watchGoesOn(since)
	c.nothingKept()
	l.progress(20)
	l.finish()
	c.sameEverywhere()
	c.settled(c.waitReady())
}

// revision is the present revision of the key space.
func (c *cluster) revision() int64 {
	c.t.Helper()
	got, err := c.client().Get(bounded(c.t), "\x00", clientv3.WithCountOnly())
	if err != nil {
		c.t.Fatalf("ask for the revision: %v", err)
	}
	return got.Header.Revision
}

// watchGoesOn watches everything since a revision, through every member: each
// revision up to the present one is there, once.
func (c *cluster) watchGoesOn(since int64) {
	c.t.Helper()
	now := c.revision()
	for _, member := range c.members() {
		next := since
		ctx := bounded(c.t)
		for answer := range c.dial(member).Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(since)) {
			if err := answer.Err(); err != nil {
				c.t.Fatalf("watch %s since %d: %v", member, since, err)
			}
			for _, e := range answer.Events {
				if e.Kv.ModRevision != next {
					c.t.Fatalf("%s tells of revision %d after %d", member, e.Kv.ModRevision, next-1)
				}
				next++
			}
			if next > now {
				break
			}
		}
		if next <= now {
			c.t.Errorf("%s tells of nothing after revision %d, and the present one is %d", member, next-1, now)
		}
	}
}

// form is the release line whose form the data of some member has.
func (c *cluster) form() string {
	c.t.Helper()
	client := c.client()
	got, err := client.Status(bounded(c.t), client.Endpoints()[0])
	if err != nil {
		c.t.Fatalf("ask a member for its status: %v", err)
	}
	return strings.TrimSuffix(got.StorageVersion, ".0")
}

// nothingKept waits until no member has a snapshot left from before a step.
func (c *cluster) nothingKept() {
	c.t.Helper()
	c.waitReady()
	for ordinal := range c.members() {
		disk := c.disk(ordinal)
		eventually(c.t, short, "nothing is kept on "+disk, func(context.Context) error {
			files, err := filepath.Glob(filepath.Join(disk, "before-*"))
			if err == nil && len(files) > 0 {
				return fmt.Errorf("%v", files)
			}
			return err
		})
	}
}
