package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestLateMember: one pod starts long after the others. Before the grant all
// wait for it; after the grant the others form the cluster and it joins.
func TestLateMember(t *testing.T) {
	t.Parallel()
	t.Run("before the grant", lateBeforeGrant)
	t.Run("after the grant", lateAfterGrant)
}

func lateBeforeGrant(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	quota := s.limitMembers(2)
	c := s.etcd("demo", 3, modest)
	late := c.waitStalled(v1alpha1.ReasonQuotaExceeded, "2 of 3 volumes have reported", "exceeded quota", "ResourceQuota")
	if late.Status.Birth != nil || late.Status.ClusterID != "" {
		t.Errorf("with a member missing there is a birth %+v of cluster %q", late.Status.Birth, late.Status.ClusterID)
	}
	s.remove(quota)
	s.wakeStatefulSets()
	c.waitReady()
	c.oneCluster()
}

func lateAfterGrant(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(diesAt("before:Admit"))
	c := s.etcd("demo", 3, modest, operatedBy(op.identity()))
	op.awaitDeath()
	granted := c.await("is granted", hasBirth)
	op.stop()
	quota := s.limitMembers(2)
	s.remove(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: c.member(2)}}, client.GracePeriodSeconds(0))
	op.heal()
	c.await("has formed without its last member", func(o *v1alpha1.EtcdCluster) error {
		if o.Status.ClusterID == "" || o.Status.Quorum != "2/3" {
			return fmt.Errorf("cluster %q, quorum %q", o.Status.ClusterID, o.Status.Quorum)
		}
		return nil
	})
	keys := c.writeWith(c.dial(c.member(0)), "early", 10)
	s.remove(quota)
	s.wakeStatefulSets()
	done := c.waitReady()
	if birth := done.Status.Birth; birth != nil && birth.Token != granted.Status.Birth.Token {
		t.Errorf("the birth's token is %s, it was %s", birth.Token, granted.Status.Birth.Token)
	}
	keys.verifyWith(c.dial(c.member(2)))
	c.oneCluster()
}

// modest makes members ask for an amount of memory that a quota can count.
func modest(c *v1alpha1.EtcdCluster) {
	c.Spec.PodTemplate.Resources.Requests = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("256Mi"),
	}
}

// limitMembers admits that many modest members, and beside them an operator,
// which asks for less.
func (s *space) limitMembers(members int64) *corev1.ResourceQuota {
	s.t.Helper()
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "members"},
		Spec:       corev1.ResourceQuotaSpec{Hard: memoryFor(members)},
	}
	s.create(quota)
	eventually(s.t, short, "the quota is in force", func(ctx context.Context) error {
		if err := world.Get(ctx, s.key(quota.Name), quota); err != nil {
			return err
		}
		if len(quota.Status.Hard) == 0 {
			return errors.New("it has no status yet")
		}
		return nil
	})
	return quota
}

// wakeStatefulSets makes their controller, which tries less and less often,
// look again at once: it does when one of the pods changes.
func (s *space) wakeStatefulSets() {
	s.t.Helper()
	modify(s, "demo-0", &corev1.Pod{}, func(p *corev1.Pod) {
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, "e2e.quorate.dev/woken", rand.String(6))
	})
}

// memoryFor is what that many modest members and an operator request.
func memoryFor(members int64) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceRequestsMemory: *resource.NewQuantity((members*256+128)<<20, resource.BinarySI)}
}

func hasBirth(o *v1alpha1.EtcdCluster) error {
	if o.Status.Birth == nil {
		return errors.New("there is no grant")
	}
	return nil
}

// oneCluster checks that every member answers as the same cluster, that the
// record and all claims say so too, and that all hold the same keys.
func (c *cluster) oneCluster() {
	c.t.Helper()
	o := c.waitReady()
	for _, m := range c.members() {
		client := c.dial(m)
		if id := c.clusterID(client); id != o.Status.ClusterID {
			c.t.Errorf("%s is a member of cluster %s, the record says %s", m, id, o.Status.ClusterID)
		}
		if n := len(c.voters(client)); n != int(o.Spec.Replicas) {
			c.t.Errorf("%s knows %d voters, not %d", m, n, o.Spec.Replicas)
		}
	}
	c.volumesMarked(o)
	c.writeWith(c.client(), "one", 5).verify()
	c.sameEverywhere()
}

// TestDiskLostAtBirth: volumes are lost after the grant and before any quorum
// existed, while one member has started on its own. All are wiped, whoever dies
// in the midst of it, and the cluster is born under a fresh token.
func TestDiskLostAtBirth(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(diesAt("before:Admit"))
	c := s.etcd("demo", 3, modest, operatedBy(op.identity()))
	op.awaitDeath()
	first := c.await("is granted", hasBirth).Status.Birth
	op.stop()

	quota := s.limitMembers(1)
	c.loseVolume(1)
	c.loseVolume(2)
	op.change(diesAt("before:Discard"))
	op.start()
	c.await("has one member started, and no quorum", startedAlone)
	s.remove(quota)
	s.wakeStatefulSets()
	op.awaitDeath()
	op.stop()
	op.change(diesAt("before:ForgetBirth"))
	op.start()
	op.awaitDeath()
	op.heal()

	done := c.waitReady()
	if birth := done.Status.Birth; birth != nil && birth.Token == first.Token {
		t.Errorf("the cluster was born under the token %s, which was granted to a lost volume", first.Token)
	}
	c.oneCluster()
}

// startedAlone returns an error unless member 0 was admitted and has started.
func startedAlone(o *v1alpha1.EtcdCluster) error {
	for _, m := range o.Status.Members {
		if m.Name == "demo-0" && m.ID != "" && o.Status.ClusterID == "" {
			return nil
		}
	}
	return fmt.Errorf("cluster %q, members %+v", o.Status.ClusterID, o.Status.Members)
}

// loseVolume deletes a member's claim, with its volume, and its pod.
func (c *cluster) loseVolume(ordinal int) {
	c.t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	c.read(c.claim(ordinal), claim)
	pod := c.pod(c.member(ordinal))
	c.remove(claim)
	c.remove(pod, client.GracePeriodSeconds(0))
	c.gone(claim)
	eventually(c.t, medium, "the volume "+claim.Spec.VolumeName+" is gone", func(ctx context.Context) error {
		err := world.Get(ctx, client.ObjectKey{Name: claim.Spec.VolumeName}, &corev1.PersistentVolume{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there (%w)", err)
	})
}
