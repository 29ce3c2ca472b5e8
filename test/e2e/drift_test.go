package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestDrift: whatever is deleted comes back and whatever is changed is put
// right, without touching a member; a lost authority of a formed cluster is
// never replaced, and the Secret put back mends it.
func TestDrift(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()))
	id, pods, keys := c.waitReady().Status.ClusterID, c.pods(), c.write("before", 5)
	for _, owned := range []client.Object{
		&appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "demo"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-peers"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-client"}},
		&policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "demo"}},
		&networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "demo"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-member-tls"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-operator-tls"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-client-tls"}},
	} {
		s.comesBack(owned)
	}
	c.changesAreReverted()
	c.waitReady()
	for name, p := range c.pods() {
		if pods[name].UID != p.UID {
			t.Errorf("repairing objects made the pod %s anew", name)
		}
	}
	for _, authority := range []string{"demo-peer-ca", "demo-client-ca", "demo-control-ca"} {
		c.authorityIsNotReplaced(authority)
	}
	if now := c.waitReady().Status.ClusterID; now != id {
		t.Errorf("the cluster is %s, it was %s", now, id)
	}
	keys.verify()
}

// comesBack deletes an object, orphaning what belongs to it, and waits for
// another in its place.
func (s *space) comesBack(o client.Object) {
	s.t.Helper()
	s.read(o.GetName(), o)
	uid := o.GetUID()
	s.remove(o, client.PropagationPolicy(metav1.DeletePropagationOrphan))
	eventually(s.t, medium, fmt.Sprintf("%T %s comes back", o, o.GetName()), func(ctx context.Context) error {
		live := o.DeepCopyObject().(client.Object)
		if err := world.Get(ctx, s.key(o.GetName()), live); err != nil {
			return err
		}
		if live.GetUID() == uid {
			return errors.New("it is still the old one")
		}
		return nil
	})
}

// changesAreReverted changes a field of each kind by hand.
func (c *cluster) changesAreReverted() {
	c.t.Helper()
	reverted(c, "demo-client", &corev1.Service{},
		func(o *corev1.Service) { o.Spec.Ports[0].Port = 2390 },
		func(o *corev1.Service) bool { return o.Spec.Ports[0].Port == clientPort })
	reverted(c, "demo-peers", &corev1.Service{},
		func(o *corev1.Service) { o.Spec.PublishNotReadyAddresses = false },
		func(o *corev1.Service) bool { return o.Spec.PublishNotReadyAddresses })
	reverted(c, "demo", &policyv1.PodDisruptionBudget{},
		func(o *policyv1.PodDisruptionBudget) { one := intstr.FromInt32(1); o.Spec.MinAvailable = &one },
		func(o *policyv1.PodDisruptionBudget) bool { return o.Spec.MinAvailable.IntValue() == 2 })
	reverted(c, "demo", &networkingv1.NetworkPolicy{},
		func(o *networkingv1.NetworkPolicy) {
			o.Spec.Ingress = append(o.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
		},
		func(o *networkingv1.NetworkPolicy) bool {
			return !slices.ContainsFunc(o.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool {
				return len(r.From)+len(r.Ports) == 0 // everybody, everywhere
			})
		})
	reverted(c, "demo", &appsv1.StatefulSet{},
		func(o *appsv1.StatefulSet) { delete(o.Labels, v1alpha1.LabelCluster) },
		func(o *appsv1.StatefulSet) bool { return o.Labels[v1alpha1.LabelCluster] == "demo" })
}

// reverted changes an object and waits until it is right again.
func reverted[T client.Object](c *cluster, name string, o T, change func(T), right func(T) bool) {
	c.t.Helper()
	modify(c.space, name, o, change)
	if right(o) {
		c.t.Fatalf("the change of %T %s changes nothing", o, name)
	}
	eventually(c.t, medium, fmt.Sprintf("%T %s is put right", o, name), func(ctx context.Context) error {
		if err := world.Get(ctx, c.key(name), o); err != nil {
			return err
		}
		if !right(o) {
			return errors.New("it is as it was changed")
		}
		return nil
	})
}

// authorityIsNotReplaced loses an authority, sees it said, and puts it back.
func (c *cluster) authorityIsNotReplaced(name string) {
	c.t.Helper()
	secret := &corev1.Secret{}
	c.read(name, secret)
	saved := secret.DeepCopy()
	c.remove(secret)
	c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, v1alpha1.ReasonCertificateAuthorityLost, name, "estore")
	c.waitStalled(v1alpha1.ReasonCertificateAuthorityLost, name)
	if err := world.Get(bounded(c.t), c.key(name), &corev1.Secret{}); !apierrors.IsNotFound(err) {
		c.t.Errorf("a formed cluster has a new authority %s (%v)", name, err)
	}
	c.accepted(c.forward(c.member(0), clientPort), c.userTLS()) // without it the cluster serves on
	saved.ResourceVersion, saved.UID = "", ""
	c.create(saved)
	c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionTrue, "")
}
