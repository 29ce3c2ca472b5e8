package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// TestNameTaken: an object of a needed name that is somebody else's is never
// touched; the cluster says which, and goes on once it is gone.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	label := map[string]string{"app": "theirs"}
	for cluster, taken := range map[string]client.Object{
		"a": &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "a-client", Labels: label},
			Spec:       corev1.ServiceSpec{Selector: label, Ports: []corev1.ServicePort{{Port: 80}}},
		},
		"b": &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "b-peer-ca", Labels: label}, StringData: map[string]string{"theirs": "yes"},
		},
		"c": &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Name: "c", Labels: label},
			Spec: appsv1.StatefulSetSpec{
				Replicas: new(int32), Selector: &metav1.LabelSelector{MatchLabels: label},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: label},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "theirs", SecurityContext: restricted()}}},
				},
			},
		},
	} {
		t.Run(cluster, func(t *testing.T) {
			t.Parallel()
			nameTaken(&space{t, s.name}, cluster, taken)
		})
	}
}

func nameTaken(s *space, name string, taken client.Object) {
	s.t.Helper()
	kind := strings.TrimPrefix(fmt.Sprintf("%T", taken), "*v1.")
	s.create(taken)
	c := s.etcd(name, 1)
	c.waitStalled("NameTaken", kind+"/"+taken.GetName(), "Rename or delete it")
	live := taken.DeepCopyObject().(client.Object)
	s.read(taken.GetName(), live)
	if live.GetGeneration() != taken.GetGeneration() || live.GetUID() != taken.GetUID() || live.GetLabels()["app"] != "theirs" || len(live.GetOwnerReferences()) > 0 {
		s.t.Errorf("the user's %s was changed: %+v", kind, live)
	}
	s.remove(taken)
	c.waitReady()
}

// TestSecondOperator: of two operators that see a cluster one acts, whatever
// becomes of it and is asked of it, until the annotation hands the cluster over.
func TestSecondOperator(t *testing.T) {
	t.Parallel()
	s, elsewhere := newSpace(t), newSpace(t)
	first := s.operator()
	c := s.readyEtcd("demo", 3, operatedBy(first.identity()))
	// From here on the record alone says who is in charge.
	c.change(func(o *v1alpha1.EtcdCluster) { delete(o.Annotations, v1alpha1.AnnotationOperator) })
	before, pods := c.waitReady(), c.pods()
	second := elsewhere.operator(watches(s.name))
	c.standsBack(second)
	first.stop()

	service := &corev1.Service{}
	s.read("demo-client", service)
	s.remove(service)
	c.scaleTo(1)
	second.restart() // it looks at every cluster anew, and so at this one
	c.standsBack(second)
	if err := world.Get(bounded(t), s.key("demo-client"), &corev1.Service{}); !apierrors.IsNotFound(err) {
		t.Errorf("an operator that is not in charge repaired the cluster (%v)", err)
	}
	if n := len(c.pods()); n != 3 {
		t.Errorf("an operator that is not in charge scaled the cluster: it has %d pods", n)
	}
	if got := c.object().Status.Operator; got != first.identity() {
		t.Errorf("status.operator is %q", got)
	}

	c.change(operatedBy(second.identity()))
	after := c.await("is taken over and repaired", func(o *v1alpha1.EtcdCluster) error {
		if o.Status.Operator != second.identity() {
			return fmt.Errorf("%s is in charge", o.Status.Operator)
		}
		return ready(o)
	})
	eventually(t, medium, "the Service is back", func(ctx context.Context) error {
		return world.Get(ctx, s.key("demo-client"), &corev1.Service{})
	})
	if after.Status.ClusterID != before.Status.ClusterID {
		t.Errorf("the cluster is %s, it was %s", after.Status.ClusterID, before.Status.ClusterID)
	}
	c.settled(after)
	for name, p := range c.pods() {
		if pods[name].UID != p.UID {
			t.Errorf("handing the cluster over made the pod %s anew", name)
		}
	}
}

// standsBack waits until that operator, in the pod that runs now, has said
// that it leaves the cluster alone.
func (c *cluster) standsBack(op *operator) {
	c.t.Helper()
	eventually(c.t, medium, op.identity()+" stands back", func(ctx context.Context) error {
		pod, err := op.runningPod(ctx)
		if err != nil {
			return err
		}
		list := &corev1.EventList{}
		if err := world.List(ctx, list, inSpace(c.space), onObject(c.name)); err != nil {
			return err
		}
		for _, e := range list.Items {
			if e.Reason == string(plan.ReasonOtherOperator) && strings.Contains(e.ReportingInstance, pod.Name) {
				return nil
			}
		}
		return fmt.Errorf("no Event %s of pod %s among %d", plan.ReasonOtherOperator, pod.Name, len(list.Items))
	})
}
