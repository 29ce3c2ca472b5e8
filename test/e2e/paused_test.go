package e2e

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// TestPaused: while paused nothing is made, nothing is repaired, nothing is
// scaled, and the status stays true; afterwards all of it happens.
func TestPaused(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.etcd("demo", 1, paused(true))
	c.waitPaused()
	if err := world.Get(bounded(t), s.key("demo"), &appsv1.StatefulSet{}); !apierrors.IsNotFound(err) {
		t.Errorf("a paused cluster was made (%v)", err)
	}
	c.change(paused(false))
	c.waitReady()

	c.change(paused(true))
	c.waitPaused()
	s.remove(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-client"}})
	c.scaleTo(3)
	// A new generation that the status speaks of was looked at after the deletion.
	c.change(func(o *v1alpha1.EtcdCluster) { o.Spec.Storage.WhenDeleted = v1alpha1.RetentionDelete })
	o := c.waitPaused()
	if err := world.Get(bounded(t), s.key("demo-client"), &corev1.Service{}); !apierrors.IsNotFound(err) {
		t.Errorf("a paused cluster was repaired (%v)", err)
	}
	if o.Status.Quorum != "1/1" || len(c.pods()) != 1 {
		t.Errorf("while paused there are %d pods and the status says quorum %q", len(c.pods()), o.Status.Quorum)
	}
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) || !meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionQuorate) {
		t.Errorf("with 1 of 3 members, which serves, it says: %s", conditionsText(o.Status.Conditions))
	}
	c.change(func(o *v1alpha1.EtcdCluster) { o.Spec.Paused = false })
	c.settled(c.waitReady())
	s.read("demo-client", &corev1.Service{})
}

func paused(yes bool) edit { return func(c *v1alpha1.EtcdCluster) { c.Spec.Paused = yes } }

// waitPaused waits until this generation's status says that it is paused.
func (c *cluster) waitPaused() *v1alpha1.EtcdCluster {
	c.t.Helper()
	generation := c.object().Generation
	return c.await("is paused", func(o *v1alpha1.EtcdCluster) error {
		return conditionAt(o, generation, v1alpha1.ConditionProgressing, metav1.ConditionFalse, string(plan.ReasonPaused))
	})
}
