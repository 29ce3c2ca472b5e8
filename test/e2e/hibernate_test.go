package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestHibernate: all pods go together, claims and Secrets stay, and the same
// cluster wakes with the same keys; what the spec asked for meanwhile is done
// then.
func TestHibernate(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	keys, before, o := c.write("before", 20), c.identities(), c.waitReady()
	hash := c.sameEverywhere()
	secrets := c.secrets()

	c.change(hibernated(true))
	c.leaveTogether()
	c.asleep()
	if now := c.identities(); !maps.Equal(now.claims, before.claims) {
		t.Errorf("the claims are %v, they were %v", now.claims, before.claims)
	}
	if now := c.secrets(); !maps.Equal(now, secrets) {
		t.Errorf("the Secrets are %v, they were %v", now, secrets)
	}
	c.change(hibernated(false))
	awake := c.waitReady()
	if awake.Status.ClusterID != o.Status.ClusterID || !maps.Equal(memberIDs(awake), before.ids) {
		t.Errorf("the cluster %s with %v woke as %s with %v", o.Status.ClusterID, before.ids, awake.Status.ClusterID, memberIDs(awake))
	}
	if now := c.sameEverywhere(); now != hash {
		t.Errorf("the hash of the key space is %x, it was %x", now, hash)
	}

	c.change(hibernated(true))
	c.asleep()
	c.scaleTo(1)
	c.asleep()
	c.change(hibernated(false))
	c.settled(c.waitReady())
	keys.verify()
}

func hibernated(yes bool) edit {
	return func(c *v1alpha1.EtcdCluster) { c.Spec.Hibernated = yes }
}

// asleep waits until this generation is known to be hibernated, without a pod,
// and checks that nothing calls that healthy.
func (c *cluster) asleep() {
	c.t.Helper()
	generation := c.object().Generation
	o := c.await("is hibernated", func(o *v1alpha1.EtcdCluster) error {
		if n := len(c.pods()); n > 0 {
			return fmt.Errorf("there are %d pods", n)
		}
		return conditionAt(o, generation, v1alpha1.ConditionReady, metav1.ConditionFalse, "Hibernated")
	})
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionQuorate) || o.Status.ReadyReplicas != 0 {
		c.t.Errorf("asleep it says %s, %d ready", conditionsText(o.Status.Conditions), o.Status.ReadyReplicas)
	}
}

// leaveTogether waits until every pod is told to leave, and checks that no one
// was told long after another.
func (c *cluster) leaveTogether() {
	c.t.Helper()
	told, all := map[string]time.Time{}, slices.Sorted(maps.Keys(c.pods()))
	eventually(c.t, long, "all pods leave", func(context.Context) error {
		live := c.pods()
		for _, name := range all {
			if p, there := live[name]; (!there || p.DeletionTimestamp != nil) && told[name].IsZero() {
				told[name] = time.Now()
			}
		}
		if len(told) < len(all) {
			return fmt.Errorf("of %v only %v do", all, slices.Sorted(maps.Keys(told)))
		}
		return nil
	})
	times := slices.SortedFunc(maps.Values(told), time.Time.Compare)
	if apart := times[len(times)-1].Sub(times[0]); apart > 2*time.Second {
		c.t.Errorf("the pods were told to leave %s apart", apart)
	}
}

// secrets are the UIDs of the cluster's Secrets, by name.
func (c *cluster) secrets() map[string]string {
	c.t.Helper()
	list := &corev1.SecretList{}
	if err := world.List(bounded(c.t), list, inSpace(c.space)); err != nil {
		c.t.Fatal(err)
	}
	uids := map[string]string{}
	for _, s := range list.Items {
		uids[s.Name] = string(s.UID)
	}
	return uids
}
