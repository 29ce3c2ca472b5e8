package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
	builders "github.com/quorate/quorate/internal/resource"
)

// A cluster whose pods do not come makes its objects, then nothing: what the
// API server defaults is no drift. A richly filled spec has the most defaults.
func TestSettledIsSilent(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) {
		c.Spec.PodTemplate.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
		c.Spec.PodTemplate.Env = []corev1.EnvVar{{Name: "TZ", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.uid"}}}}
		c.Spec.PodTemplate.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1, Preference: corev1.NodeSelectorTerm{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "disk", Operator: corev1.NodeSelectorOpIn, Values: []string{"fast"}}},
			}}},
		}}
	})
	o := newOperator("system/a")
	settled := o.settle(t, c)
	ready := meta.FindStatusCondition(settled.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || ready.ObservedGeneration != settled.Generation || ready.Reason != string(plan.ReasonPodsStarting) {
		t.Fatalf("Ready is %+v", ready)
	}
	before := o.writes.Load()
	for range 3 {
		o.reconcile(t, c)
	}
	if n := o.writes.Load() - before; n != 0 {
		t.Fatalf("a settled cluster cost %d writes", n)
	}
	// Another process of the same operator remembers nothing, and still is silent.
	again := newOperator("system/a")
	again.reconcile(t, c)
	if n := again.writes.Load(); n != 0 {
		t.Fatalf("a restarted operator wrote %d times", n)
	}
}

// What somebody changes or deletes comes back; what others add stays.
func TestDriftIsRepaired(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	o := newOperator("system/a")
	o.settle(t, c)
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: c.Namespace, Name: name} }

	service := &corev1.Service{}
	get(t, key("demo-client"), service)
	clusterIP := service.Spec.ClusterIP
	service.Spec.Ports[0].Port = 1234
	service.Labels["app.kubernetes.io/managed-by"] = "me"
	service.Annotations["example.com/theirs"] = "stays"
	update(t, service)
	pdb := &policyv1.PodDisruptionBudget{}
	get(t, key("demo"), pdb)
	pdb.Spec.MinAvailable = ptrTo(intstr.FromInt32(0))
	update(t, pdb)
	sts := &appsv1.StatefulSet{}
	get(t, key("demo"), sts)
	sts.Spec.Template.Spec.Containers[0].Image = "elsewhere"
	sts.Spec.Template.Spec.NodeSelector = map[string]string{"nobody": "asked"}
	update(t, sts)
	if err := apiServer.Delete(t.Context(), &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "demo"}}); err != nil {
		t.Fatal(err)
	}

	o.settle(t, c)
	get(t, key("demo-client"), service)
	if service.Spec.Ports[0].Port != 2379 || service.Spec.ClusterIP != clusterIP || service.Annotations["example.com/theirs"] != "stays" || service.Labels["app.kubernetes.io/managed-by"] != "quorate" {
		t.Errorf("the client Service was not repaired: %+v", service)
	}
	get(t, key("demo"), pdb)
	if pdb.Spec.MinAvailable.IntValue() != 2 {
		t.Errorf("the budget was not repaired: %+v", pdb.Spec)
	}
	get(t, key("demo"), sts)
	if sts.Spec.Template.Spec.Containers[0].Image != "member:3.7.3" {
		t.Errorf("the image was not repaired: %s", sts.Spec.Template.Spec.Containers[0].Image)
	}
	get(t, key("demo"), &networkingv1.NetworkPolicy{})
}

// A wish that is taken back leaves nothing behind.
func TestRemovedFieldGoes(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) { c.Spec.PodTemplate.NodeSelector = map[string]string{"disk": "fast"} })
	o := newOperator("system/a")
	c = o.settle(t, c)
	c.Spec.PodTemplate.NodeSelector = nil
	update(t, c)
	o.settle(t, c)
	sts := &appsv1.StatefulSet{}
	get(t, client.ObjectKeyFromObject(c), sts)
	if len(sts.Spec.Template.Spec.NodeSelector) != 0 {
		t.Fatalf("the node selector is still %v", sts.Spec.Template.Spec.NodeSelector)
	}
}

// What others own is never touched, and the refusal names it.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	for _, taken := range []client.Object{
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo-client"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-client-ca"}, StringData: map[string]string{"mine": "yes"}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-client-tls"}},
	} {
		t.Run(taken.GetName(), func(t *testing.T) {
			c := newCluster(t, nil)
			taken.SetNamespace(c.Namespace)
			if err := apiServer.Create(t.Context(), taken); err != nil {
				t.Fatal(err)
			}
			version := taken.GetResourceVersion()
			settled := newOperator("system/a").settle(t, c)
			stalled := meta.FindStatusCondition(settled.Status.Conditions, v1alpha1.ConditionStalled)
			if stalled.Status != metav1.ConditionTrue || stalled.Reason != string(plan.ReasonNameTaken) || !strings.Contains(stalled.Message, taken.GetName()) {
				t.Errorf("Stalled is %+v", stalled)
			}
			get(t, client.ObjectKeyFromObject(taken), taken)
			if taken.GetResourceVersion() != version {
				t.Error("somebody else's object was written")
			}
		})
	}
}

// Of two operators the first that records itself acts; the other writes
// nothing at all, until the annotation names it.
func TestOneOperatorActs(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	first, second := newOperator("system/a"), newOperator("other/b")
	c = first.settle(t, c)
	second.reconcile(t, c)
	if n := second.writes.Load(); n != 0 {
		t.Fatalf("the second operator wrote %d times", n)
	}
	c.Annotations = map[string]string{v1alpha1.AnnotationOperator: "other/b"}
	update(t, c)
	c = second.settle(t, c)
	if c.Status.Operator != "other/b" {
		t.Fatalf("in charge is %q", c.Status.Operator)
	}
	before := first.writes.Load()
	first.reconcile(t, c)
	if first.writes.Load() != before {
		t.Fatal("the first operator went on writing")
	}
}

// An operator that observed before another wrote cannot act on what it saw:
// the intent's resourceVersion is the fence.
func TestIntentFences(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	o := newOperator("system/a")
	o.reconcile(t, c) // takes charge
	stale := fresh(t, c)
	sight, err := o.Observer.Observe(t.Context(), stale)
	if err != nil {
		t.Fatal(err)
	}
	decision := plan.Next(sight.Desired, sight.Observation)
	if plan.Name(decision.Action) != "Issue" {
		t.Fatalf("decided %+v", decision)
	}
	newOperator("system/a").reconcile(t, c) // another process of it acts first
	err = o.act(t.Context(), stale, sight, decision)
	if !apierrors.IsConflict(err) {
		t.Fatalf("acting on a stale view gave %v, want a conflict", err)
	}
}

// The operator dies before or after any of its writes; the next one ends in
// the same state, with each object created once.
func TestCrashAtEveryWrite(t *testing.T) {
	t.Parallel()
	errDead := errors.New("the operator died here")
	for at := int64(1); ; at++ {
		c := newCluster(t, nil)
		o := newOperator("system/a")
		o.before = func(string, runtime.Object) error {
			if o.writes.Load() >= at {
				return errDead
			}
			return nil
		}
		died := false
		for range 30 {
			if _, err := o.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(c)}); err != nil {
				died = errors.Is(err, errDead)
				break
			}
		}
		settled := newOperator("system/a").settle(t, c)
		checkSettled(t, settled)
		if !died {
			t.Logf("swept %d writes", at-1)
			if at < 15 {
				t.Fatalf("only %d writes were swept: the sweep itself is broken", at-1)
			}
			return
		}
	}
}

func checkSettled(t *testing.T, c *v1alpha1.EtcdCluster) {
	t.Helper()
	if ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Reason != string(plan.ReasonPodsStarting) {
		t.Fatalf("Ready is %+v", ready)
	}
	secrets := &corev1.SecretList{}
	if err := apiServer.List(t.Context(), secrets, client.InNamespace(c.Namespace)); err != nil || len(secrets.Items) != 6 {
		t.Fatalf("there are %d Secrets, %v", len(secrets.Items), err)
	}
	get(t, client.ObjectKeyFromObject(c), &appsv1.StatefulSet{})
}

// An authority is minted while nothing was formed, and never again once a
// claim remembers that something was.
func TestAuthorityIsNeverMintedTwice(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: "data-demo-0", Labels: builders.Labels("demo"),
			Annotations: map[string]string{v1alpha1.AnnotationFormed: "abc"},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: *c.Spec.Storage.Size}},
		},
	}
	if err := apiServer.Create(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	settled := newOperator("system/a").settle(t, c)
	valid := meta.FindStatusCondition(settled.Status.Conditions, v1alpha1.ConditionCertificatesValid)
	if valid.Status != metav1.ConditionFalse || valid.Reason != v1alpha1.ReasonCertificateAuthorityLost {
		t.Errorf("CertificatesValid is %+v", valid)
	}
	err := apiServer.Get(t.Context(), client.ObjectKey{Namespace: c.Namespace, Name: "demo-peer-ca"}, &corev1.Secret{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("an authority was minted for a formed cluster: %v", err)
	}
}

// The observation of a deleted or foreign cluster reads nothing.
func TestNothingIsReadOfOthers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) {
		c.Annotations = map[string]string{v1alpha1.AnnotationOperator: "somebody/else"}
	})
	o := newOperator("system/a")
	o.Observer = &observe.Observer{Cached: deny{apiServer}, Live: deny{apiServer}, Self: "system/a", Now: time.Now}
	o.reconcile(t, c)
	if n := o.writes.Load(); n != 0 {
		t.Errorf("%d writes on somebody else's cluster", n)
	}
}

type deny struct{ client.Reader }

func (deny) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return errors.New("read " + key.String())
}

func (deny) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("list")
}

func update(t *testing.T, o client.Object) {
	t.Helper()
	if err := apiServer.Update(t.Context(), o); err != nil {
		t.Fatalf("update %T: %v", o, err)
	}
}

func ptrTo[T any](v T) *T { return &v }

// Secrets are not watched. One that vanished between two readings must not
// make the operator insist on what it remembers.
func TestVanishedAuthorityIsNoticed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	o := newOperator("system/a")
	o.settle(t, c)
	if err := apiServer.DeleteAllOf(t.Context(), &corev1.Secret{}, client.InNamespace(c.Namespace)); err != nil {
		t.Fatal(err)
	}
	for _, kind := range builders.PKIPlan(c, nil).Kinds() {
		if !kind.IsCA() { // as after five minutes, but for the authorities
			o.Observer.Secrets.Forget(client.ObjectKey{Namespace: c.Namespace, Name: kind.SecretName(c.Name)})
		}
	}
	for range 5 { // the first pass may fail: it acts on what is not there any more
		_, _ = o.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(c)})
	}
	checkSettled(t, o.settle(t, c))
}
