package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// settled checks that a cluster that is Ready has come to its end: as many
// voters, pods and claims as it shall have, each claim naming the member that
// lives on it, and the same keys everywhere.
func (c *cluster) settled(o *v1alpha1.EtcdCluster) {
	c.t.Helper()
	voters := c.voters(c.client())
	if len(voters) != int(o.Spec.Replicas) {
		c.t.Errorf("etcd has the voters %v, not %d", voters, o.Spec.Replicas)
	}
	ids := memberIDs(o)
	for id, name := range voters {
		if ids[name] != fmt.Sprintf("%x", id) {
			c.t.Errorf("the status says that %s is %q; etcd says %x", name, ids[name], id)
		}
	}
	eventually(c.t, medium, "only its own pods and claims are left", func(context.Context) error {
		want := c.members()
		if have := slices.Sorted(maps.Keys(c.pods())); !slices.Equal(have, want) {
			return fmt.Errorf("the pods are %v, not %v", have, want)
		}
		claims := c.claims()
		if len(claims) != len(want) {
			return fmt.Errorf("the claims are %v", slices.Sorted(maps.Keys(claims)))
		}
		for i, member := range want {
			claim, found := claims[c.claim(i)]
			if !found || claim.DeletionTimestamp != nil {
				return fmt.Errorf("%s is absent or being deleted", c.claim(i))
			}
			if got := claim.Annotations[v1alpha1.AnnotationMember]; got != ids[member] {
				return fmt.Errorf("%s is marked to hold %q, and %s is %s", claim.Name, got, member, ids[member])
			}
		}
		return nil
	})
	c.sameEverywhere()
}

// claims are the member claims that exist, by name.
func (c *cluster) claims() map[string]corev1.PersistentVolumeClaim {
	c.t.Helper()
	list := &corev1.PersistentVolumeClaimList{}
	if err := world.List(bounded(c.t), list, client.InNamespace(c.space.name)); err != nil {
		c.t.Fatalf("list the claims of %s: %v", c.name, err)
	}
	claims, begin := map[string]corev1.PersistentVolumeClaim{}, c.claimsBegin()+"-"
	for _, claim := range list.Items {
		if strings.HasPrefix(claim.Name, begin) {
			claims[claim.Name] = claim
		}
	}
	return claims
}

// identities tells who is who: what changes when a member is replaced.
type identities struct {
	ids    map[string]string // member ID by name
	pods   map[string]types.UID
	claims map[string]types.UID
}

func (c *cluster) identities() identities {
	c.t.Helper()
	all := identities{memberIDs(c.object()), map[string]types.UID{}, map[string]types.UID{}}
	for name, p := range c.pods() {
		all.pods[name] = p.UID
	}
	for name, claim := range c.claims() {
		all.claims[name] = claim.UID
	}
	return all
}

// awaitReplaced waits until a member is back as a voter under a new ID, and
// checks that its claim is another one and that nobody else was touched.
func (c *cluster) awaitReplaced(ordinal int, before identities) {
	c.t.Helper()
	name := c.member(ordinal)
	c.await(name+" is replaced", func(o *v1alpha1.EtcdCluster) error {
		if id := memberIDs(o)[name]; id == "" || id == before.ids[name] {
			return fmt.Errorf("its ID is %q, it was %q", id, before.ids[name])
		}
		return ready(o)
	})
	c.othersUntouched(ordinal, before)
	if c.identities().claims[c.claim(ordinal)] == before.claims[c.claim(ordinal)] {
		c.t.Errorf("%s has the claim that it had", name)
	}
}

// othersUntouched checks that every other member than this is who it was.
func (c *cluster) othersUntouched(ordinal int, before identities) {
	c.t.Helper()
	now := c.identities()
	for i := range c.members() {
		if i == ordinal {
			continue
		}
		member, claim := c.member(i), c.claim(i)
		if now.ids[member] != before.ids[member] || now.pods[member] != before.pods[member] || now.claims[claim] != before.claims[claim] {
			c.t.Errorf("%s was touched: ID %s, was %s; pod %s, was %s; claim %s, was %s", member,
				now.ids[member], before.ids[member], now.pods[member], before.pods[member], now.claims[claim], before.claims[claim])
		}
	}
}
