package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestDelete: volumes outlive the EtcdCluster by default, and the same manifest
// finds its data; whenDeleted: Delete removes them.
func TestDelete(t *testing.T) {
	t.Parallel()
	t.Run("retain", deleteRetains)
	t.Run("delete", deleteDeletes)
}

func deleteRetains(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("demo", 3)
	before := c.waitReady()
	c.volumesMarked(before)
	volumes, keys, user := c.volumes(), c.write("before", 10), c.userTLS()
	c.delete()
	for claim, volume := range volumes {
		live := &corev1.PersistentVolumeClaim{}
		s.read(claim, live)
		if live.Spec.VolumeName != volume || live.DeletionTimestamp != nil {
			t.Errorf("claim %s is bound to %s, was to %s, deletion %v", claim, live.Spec.VolumeName, volume, live.DeletionTimestamp)
		}
	}
	for _, gone := range []string{"demo-member-tls", "demo-operator-tls", "demo-client-tls"} {
		s.gone(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: gone}})
	}
	after := s.readyEtcd("demo", 3).waitReady()
	if after.Status.ClusterID != before.Status.ClusterID {
		t.Errorf("the cluster is %s, it was %s", after.Status.ClusterID, before.Status.ClusterID)
	}
	keys.verify()
	c.accepted(c.forward(c.member(0), clientPort), user) // a certificate of the former life
	c.oneCluster()
}

func deleteDeletes(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("demo", 1, whenDeleted(v1alpha1.RetentionDelete))
	c.volumesMarked(c.waitReady())
	volumes := c.volumes()
	c.delete()
	eventually(t, medium, "claims, volumes and Secrets are gone", func(ctx context.Context) error {
		for claim, volume := range volumes {
			if err := world.Get(ctx, s.key(claim), &corev1.PersistentVolumeClaim{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("claim %s: %w", claim, err)
			}
			if err := world.Get(ctx, client.ObjectKey{Name: volume}, &corev1.PersistentVolume{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("volume %s: %w", volume, err)
			}
		}
		return s.nothingNamed(ctx, "demo")
	})
}

// nothingNamed returns an error while there are Secrets of the cluster.
func (s *space) nothingNamed(ctx context.Context, cluster string) error {
	list := &corev1.SecretList{}
	if err := world.List(ctx, list, client.InNamespace(s.name), client.MatchingLabels{v1alpha1.LabelCluster: cluster}); err != nil {
		return err
	}
	if len(list.Items) > 0 {
		return fmt.Errorf("Secret %s is there", list.Items[0].Name)
	}
	return nil
}

// TestUninstall: the operator and its rights go; clusters serve on, can be
// deleted, and hold up neither that nor their namespace.
func TestUninstall(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator()
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()))
	other := s.readyEtcd("other", 1, operatedBy(op.identity()))
	op.uninstall()
	c.writeWith(c.dial(c.member(0)), "alone", 5).verify()
	c.deletePod(c.member(1))
	c.sameEverywhere()
	c.delete()
	s.gone(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-client"}})
	// The other cluster is still there when its namespace goes.
	other.object()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name}}
	if err := world.Delete(bounded(t), ns); err != nil {
		t.Fatal(err)
	}
	eventually(t, long, "the namespace is gone", func(ctx context.Context) error {
		err := world.Get(ctx, client.ObjectKeyFromObject(ns), ns)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return fmt.Errorf("it is %s: %+v", ns.Status.Phase, ns.Status.Conditions)
	})
}
