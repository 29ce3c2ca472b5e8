package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestReplaceLostVolume: a claim deleted with its pod, a volume emptied below
// its pod, and a claim deleted while another member is absent and its name does
// not resolve. Each time the same name comes back under a new ID, by itself,
// and nobody else is touched.
func TestReplaceLostVolume(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 5, anywhere)
	keys := c.write("before", 20)

	c.timed("claim and pod deleted", 1, c.identities(), func() { c.loseVolume(1) })

	before := c.identities()
	release := c.hold(2)
	if err := wipe(c.disk(2)); err != nil {
		t.Fatal(err)
	}
	c.timed("volume emptied", 2, before, release)

	absent := c.identities()
	release = c.hold(4)
	c.loseVolume(3)
	start := time.Now()
	c.await("is whole but for the absent member", func(o *v1alpha1.EtcdCluster) error {
		if id := memberIDs(o)[c.member(3)]; id == "" || id == absent.ids[c.member(3)] || o.Status.Quorum != "4/5" {
			return fmt.Errorf("%s is %q, quorum %s", c.member(3), id, o.Status.Quorum)
		}
		return nil
	})
	t.Logf("claim and pod deleted beside an absent member: back after %.1f s", time.Since(start).Seconds())
	release()
	o := c.waitReady()
	if id := memberIDs(o)[c.member(4)]; id != absent.ids[c.member(4)] {
		t.Errorf("%s, which was only absent, is %s and was %s", c.member(4), id, absent.ids[c.member(4)])
	}
	c.settled(o)
	keys.verify()
}

// anywhere lets members stand on any node: five on three nodes, each bound to
// its volume's, do not always find back into an even spread.
func anywhere(c *v1alpha1.EtcdCluster) {
	c.Spec.PodTemplate.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{v1alpha1.LabelCluster: c.Name}},
	}}
}

// timed loses a member and waits until it is replaced.
func (c *cluster) timed(what string, ordinal int, before identities, lose func()) {
	c.t.Helper()
	lose()
	start := time.Now()
	c.awaitReplaced(ordinal, before)
	c.t.Logf("%s: all voters back after %.1f s", what, time.Since(start).Seconds())
}

// TestReplaceCorrupt: a member whose write-ahead log or database is damaged,
// and one that etcd's CORRUPT alarm names, is removed and comes back under a
// new ID; the alarm ends with it.
func TestReplaceCorrupt(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	keys := c.write("before", 200)
	for ordinal, damage := range []func(string) error{damageLog, damageDatabase} {
		before := c.identities()
		release := c.hold(ordinal)
		if err := damage(c.disk(ordinal)); err != nil {
			t.Fatal(err)
		}
		release()
		c.awaitReplaced(ordinal, before)
	}
	before := c.identities()
	c.raiseCorrupt(2)
	c.awaitReplaced(2, before)
	eventually(t, medium, "there is no alarm", func(ctx context.Context) error {
		got, err := c.client().AlarmList(ctx)
		if err == nil && len(got.Alarms) > 0 {
			err = fmt.Errorf("alarms %v", got.Alarms)
		}
		return err
	})
	keys.verify()
	c.write("after", 5).verify()
	c.settled(c.waitReady())
}

// raiseCorrupt raises the CORRUPT alarm for one member, as etcd's own check of
// hashes does.
func (c *cluster) raiseCorrupt(ordinal int) {
	c.t.Helper()
	client := c.client()
	for id, name := range c.voters(client) {
		if name != c.member(ordinal) {
			continue
		}
		_, err := etcdserverpb.NewMaintenanceClient(client.ActiveConnection()).Alarm(bounded(c.t), &etcdserverpb.AlarmRequest{
			Action: etcdserverpb.AlarmRequest_ACTIVATE, MemberID: id, Alarm: etcdserverpb.AlarmType_CORRUPT,
		})
		if err != nil {
			c.t.Fatalf("raise the alarm: %v", err)
		}
		return
	}
	c.t.Fatalf("%s is no voter", c.member(ordinal))
}

// TestTerminatingClaim: a claim that somebody deletes under a running pod is
// answered by a deliberate replacement, which ends with a fresh claim. The only
// member of a cluster hands its data to another first.
func TestTerminatingClaim(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	for name, size := range map[string]int32{"demo": 3, "single": 1} {
		c := s.readyEtcd(name, size)
		keys, before, ordinal := c.write("before", 20), c.identities(), int(size)/2
		kubectl(t, "-n", s.name, "delete", "pvc", c.claim(ordinal), "--wait=false")
		c.awaitReplaced(ordinal, before)
		keys.verify()
		c.settled(c.waitReady())
	}
}

// TestOldDiskNeverReused: 3 -> 1 -> 3 ends on new volumes under new IDs, also
// where a person has kept an old volume and put its claim back.
func TestOldDiskNeverReused(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	keys := c.write("before", 20)
	first := c.identities()
	kept := c.keepVolume(2)
	c.scaleTo(1)
	c.settled(c.waitReady())
	c.change(paused(true)) // it would clear the claim as soon as it saw it
	c.waitPaused()
	old := c.bindAgain(2, kept)
	c.change(paused(false), replicas(3))
	o := c.waitReady()
	c.settled(o)
	keys.verify()
	now := c.identities()
	for ordinal := 1; ordinal < 3; ordinal++ {
		member, claim := c.member(ordinal), c.claim(ordinal)
		if now.ids[member] == first.ids[member] || now.claims[claim] == first.claims[claim] {
			t.Errorf("%s has the ID %s (before: %s) and the claim %s (before: %s)", member, now.ids[member], first.ids[member], now.claims[claim], first.claims[claim])
		}
	}
	if now.claims[c.claim(2)] == old.UID {
		t.Errorf("%s lives on the claim that was put back by hand", c.member(2))
	}
}

// keepVolume makes a member's volume outlive its claim.
func (c *cluster) keepVolume(ordinal int) *corev1.PersistentVolume {
	c.t.Helper()
	claim, volume := &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolume{}
	c.read(c.claim(ordinal), claim)
	volume.Name = claim.Spec.VolumeName
	changeGlobal(c.t, volume, func() { volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain })
	c.t.Cleanup(func() { // with its data, once nobody claims it any more
		changeGlobal(c.t, volume, func() { volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete })
	})
	return volume
}

// bindAgain makes a claim of a member's name that is bound to a kept volume.
func (c *cluster) bindAgain(ordinal int, volume *corev1.PersistentVolume) *corev1.PersistentVolumeClaim {
	c.t.Helper()
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: c.claim(ordinal), Labels: map[string]string{v1alpha1.LabelCluster: c.name}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: volume.Spec.AccessModes, StorageClassName: &volume.Spec.StorageClassName, VolumeName: volume.Name,
			Resources: corev1.VolumeResourceRequirements{Requests: volume.Spec.Capacity},
		},
	}
	c.gone(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claim.Name}})
	// By name: a volume that is free for all would be given to whoever asks next.
	changeGlobal(c.t, volume, func() {
		volume.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: c.space.name, Name: claim.Name}
	})
	c.create(claim)
	eventually(c.t, medium, "the kept volume is bound again", func(ctx context.Context) error {
		live := &corev1.PersistentVolumeClaim{}
		if err := world.Get(ctx, c.key(claim.Name), live); err != nil {
			return err
		}
		if live.UID != claim.UID || live.Status.Phase != corev1.ClaimBound {
			return errors.New("it is not")
		}
		return nil
	})
	return claim
}
