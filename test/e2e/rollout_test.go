package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestConfigChange: a setting of etcd reaches every member, one at a time and
// the leader last, under a load that notices nothing; what has changed is told.
func TestConfigChange(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	c.moveLeader(c.member(2)) // the one that would be the first by its number
	before := c.identities()
	l := c.load(relaxed)
	l.phase("rollout")
	c.change(snapshotCount(5000))
	c.waitReady()
	c.rolledOut(before, c.member(2))
	for name, p := range c.pods() {
		if !slices.Contains(p.Spec.Containers[0].Args, "--etcd=snapshot-count=5000") {
			t.Errorf("%s runs with %v", name, p.Spec.Containers[0].Args)
		}
	}
	c.told("Validate", "spec.etcd.snapshotCount default -> 5000")
	c.told("FollowSpec", "spec.etcd.snapshotCount default -> 5000")
	c.told("Restart", "spec.etcd.snapshotCount default -> 5000")
	l.progress(20)
	l.finish()
	c.settled(c.waitReady())
}

// TestOnlyMemberRestarts: with one member there is nobody to hand over to; it
// comes back as who it was.
func TestOnlyMemberRestarts(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 1)
	keys := c.write("before", 20)
	before := c.identities()
	c.change(snapshotCount(5000))
	c.waitReady()
	c.rolledOut(before, c.member(0))
	keys.verify()
}

// TestSupervised: before each member the rollout stops, and goes on with the
// annotation that the condition gives; one that names another change does nothing.
func TestSupervised(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3, supervised)
	before := c.identities()
	leader := c.waitReady().Status.Leader
	c.change(snapshotCount(5000))
	c.approve("demo-0@00000000")
	for restarted := range 3 {
		o := c.waitCondition(v1alpha1.ConditionStalled, "True", "AwaitingApproval", "spec.etcd.snapshotCount default -> 5000", "etcd.quorate.dev/approve=")
		if n := c.restarted(before); n != restarted {
			t.Fatalf("%d members have restarted, and %d were approved", n, restarted)
		}
		member := c.approve(approval(t, o))
		if last := restarted == 2; last != (member == leader) {
			t.Errorf("the approval number %d is for %s, and %s led at first", restarted+1, member, leader)
		}
		c.await(member+" is another", func(o *v1alpha1.EtcdCluster) error {
			if c.identities().pods[member] == before.pods[member] {
				return errors.New("it is not")
			}
			if strings.Contains(conditionsText(o.Status.Conditions), "approve="+member) {
				return errors.New("it is still asked for")
			}
			return nil
		})
	}
	c.waitReady()
	c.rolledOut(before, leader)
}

// TestUpgradeBadImage: of a version that does not exist no member learns, and
// the cause is told. The version goes back, and nobody has restarted.
func TestUpgradeBadImage(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	keys := c.write("before", 20)
	before := c.identities()
	c.change(version("3.7.999"))
	c.waitStalled("ImageCannotBePulled", "3.7.999", "correct the spec or set it back")
	c.write("meanwhile", 20).verify()
	c.change(version(etcdVersion))
	c.waitReady()
	c.same(before)
	keys.verify()
	c.sameEverywhere()
}

// TestBadConfigRefused: a value that etcd refuses restarts nobody, and etcd's own
// words say why; a corrected one goes to all.
func TestBadConfigRefused(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	before := c.identities()
	extra := func(key, value string) edit {
		return func(o *v1alpha1.EtcdCluster) { o.Spec.Etcd.ExtraConfig = map[string]string{key: value} }
	}
	for _, bad := range [][2]string{{"max-concurrent-streams", "many"}, {"no-such-setting", "1"}} {
		c.change(extra(bad[0], bad[1]))
		c.await("says that "+bad[0]+" is refused", func(o *v1alpha1.EtcdCluster) error {
			return conditionAt(o, o.Generation, v1alpha1.ConditionStalled, metav1.ConditionTrue, "BadConfig")
		})
		c.waitStalled("BadConfig", bad[0], "does not accept", "Correct spec.etcd")
		if n := c.restarted(before); n > 0 {
			t.Errorf("%d members have restarted for %s", n, bad[0])
		}
		c.write("with "+bad[0], 10).verify()
	}
	c.change(extra("max-concurrent-streams", "1000"))
	c.waitReady()
	if n := c.restarted(before); n != 3 {
		t.Errorf("%d members have restarted, want all for the good value", n)
	}
	c.sameEverywhere()
}

// TestRolloutWithOneMemberAway: a member is away for a cause of its own; nobody
// restarts meanwhile, and once it is back the change reaches all.
func TestRolloutWithOneMemberAway(t *testing.T) {
	c := newSpace(t).readyEtcd("demo", 3)
	v := c.chooseVictim()
	w := c.writer(v.otherNode)
	start := nodeTrouble(t, v.node, "cut", "heal")
	c.survives(v)
	before := c.identities()
	c.change(snapshotCount(5000))
	c.await("waits for "+v.pod, func(o *v1alpha1.EtcdCluster) error {
		if text := conditionsText(o.Status.Conditions); !strings.Contains(text, "has to restart") || !strings.Contains(text, v.pod) {
			return errors.New("it does not say so")
		}
		return nil
	})
	w.progress(100)
	c.same(before)
	start()
	c.waitReady()
	if n := c.restarted(before); n != 3 {
		t.Errorf("%d members have restarted, want all", n)
	}
	w.verify(c.dial(v.pod))
	c.sameEverywhere()
}

func snapshotCount(n int64) edit {
	return func(o *v1alpha1.EtcdCluster) { o.Spec.Etcd.SnapshotCount = ptr.To(n) }
}

func supervised(o *v1alpha1.EtcdCluster) { o.Spec.Update.Mode = v1alpha1.UpdateSupervised }

// approval is what the condition asks a person to write.
func approval(t *testing.T, o *v1alpha1.EtcdCluster) string {
	t.Helper()
	_, after, found := strings.Cut(conditionsText(o.Status.Conditions), v1alpha1.AnnotationApprove+"=")
	if !found {
		t.Fatalf("no condition tells how to approve: %s", conditionsText(o.Status.Conditions))
	}
	return strings.TrimRight(strings.Fields(after)[0], `.");`)
}

// approve annotates the EtcdCluster as a person would, and returns the member.
func (c *cluster) approve(value string) string {
	c.t.Helper()
	kubectl(c.t, "-n", c.space.name, "annotate", "--overwrite", "etcd/"+c.name, v1alpha1.AnnotationApprove+"="+value)
	member, _, _ := strings.Cut(value, "@")
	return member
}

// restarted counts the members whose pod is another one than before.
func (c *cluster) restarted(before identities) (count int) {
	c.t.Helper()
	now := c.identities()
	for name, uid := range before.pods {
		if now.pods[name] != uid {
			count++
		}
	}
	return count
}

// rolledOut checks that every member was restarted, as who it was, one after the
// other, and the one that led at first as the last.
func (c *cluster) rolledOut(before identities, leader string) {
	c.t.Helper()
	if n := c.restarted(before); n != len(before.pods) {
		c.t.Errorf("%d of %d members have restarted", n, len(before.pods))
	}
	if now := c.identities(); !maps.Equal(before.ids, now.ids) || !maps.Equal(before.claims, now.claims) {
		c.t.Errorf("the members are %v on %v, they were %v on %v", now.ids, now.claims, before.ids, before.claims)
	}
	pods := slices.SortedFunc(maps.Values(c.pods()), func(a, b corev1.Pod) int {
		return cmp.Compare(began(a), began(b))
	})
	if last := pods[len(pods)-1].Name; last != leader {
		c.t.Errorf("%s was the last to restart, and %s led", last, leader)
	}
	for i := 1; i < len(pods); i++ {
		if ready := readySince(pods[i-1]); ready > began(pods[i]) {
			c.t.Errorf("%s began at %d, before %s was ready at %d", pods[i].Name, began(pods[i]), pods[i-1].Name, ready)
		}
	}
	for _, p := range pods {
		if n := p.Status.ContainerStatuses[0].RestartCount; n != 0 {
			c.t.Errorf("the container of %s was started %d times more", p.Name, n)
		}
	}
}

// began is when a pod was made, in whole seconds.
func began(p corev1.Pod) int64 { return p.CreationTimestamp.Unix() }

// readySince is when a pod became ready, in whole seconds.
func readySince(p corev1.Pod) int64 {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.LastTransitionTime.Unix()
		}
	}
	return 0
}

// told waits for an Event of an action that says something.
func (c *cluster) told(action, phrase string) {
	c.t.Helper()
	eventually(c.t, short, fmt.Sprintf("an Event of %s says %q", action, phrase), func(ctx context.Context) error {
		list := &eventsv1.EventList{}
		if err := world.List(ctx, list, inSpace(c.space)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Action == action && strings.Contains(e.Note, phrase) {
				return nil
			}
		}
		return fmt.Errorf("none of %d does", len(list.Items))
	})
}
