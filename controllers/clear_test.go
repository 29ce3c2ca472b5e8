package controllers

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient/fake"
	"github.com/quorate/quorate/internal/plan"
)

// untouched fails the test when the claim or the pod of an ordinal is being
// deleted, or is another one than was seen.
func (f *formed) untouched(n int) {
	f.t.Helper()
	claim, pod := f.claim(n), f.pod(n)
	if claim.DeletionTimestamp != nil {
		f.t.Errorf("claim %s is being deleted", claim.Name)
	}
	if pod.DeletionTimestamp != nil {
		f.t.Errorf("pod %s is being deleted", pod.Name)
	}
}

// No volume goes while anything says that the cluster counts its member: the
// list by the pod's address, the claim's mark, the agent before the volume.
func TestClearOnlyWhatIsNotCounted(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	action := plan.Clear{Name: "demo-2"}
	f.refuses(action, "still shows demo-2 as a2")
	f.etcd.Fail("MemberList", fake.Before, context.DeadlineExceeded)
	// The first question is the observation's.
	f.etcd.Fail("MemberList", fake.Before, context.DeadlineExceeded)
	f.refuses(action, "not yet")

	if err := f.etcd.Remove(t.Context(), 0xa2); err != nil {
		t.Fatal(err)
	}
	mark := func(annotation, value string) {
		claim := f.claim(2)
		claim.Annotations[annotation] = value
		update(t, claim)
	}
	mark(v1alpha1.AnnotationMember, "a1")
	f.refuses(action, "holds a1, which the member list still shows")
	mark(v1alpha1.AnnotationMember, "what?")
	f.refuses(action, "what?")
	mark(v1alpha1.AnnotationMember, "a2")
	mark(v1alpha1.AnnotationFormed, "c2")
	f.refuses(action, "belongs to cluster c2")
	mark(v1alpha1.AnnotationFormed, clusterID.String())
	f.agents[2].set(func(r *control.Report) { r.Volume.Admission.MemberID = 0xa0 })
	f.refuses(action, "holds a0, which the member list still shows")
	f.untouched(2)

	f.agents[2].set(func(r *control.Report) { r.Volume.Admission.MemberID = 0xa2 })
	f.succeeds(action)
	if f.claim(2).DeletionTimestamp == nil || f.pod(2).DeletionTimestamp == nil {
		t.Error("the claim or the pod stayed")
	}
	f.untouched(1)
	before := f.writes.Load()
	f.succeeds(action) // both are going
	if n := f.writes.Load() - before; n != 1 {
		t.Errorf("clearing again wrote %d times, want the intent only", n)
	}
}

// Another cluster's answer is no answer.
func TestClearAsksTheRecordedCluster(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	c, sight := f.look()
	sight.Etcd = fake.New(0xc2, etcd.Member{ID: 1, PeerURLs: []string{"https://elsewhere:2380"}, ClientURLs: []string{"https://elsewhere:2379"}})
	f.refusesOn(c, sight, plan.Clear{Name: "demo-2"}, "of cluster c2")
	c, sight = f.look()
	sight.Etcd = nil
	f.refusesOn(c, sight, plan.Clear{Name: "demo-2"}, "no member was there")
	f.untouched(2)
}

// What came in the place of what was seen stays.
func TestOnlyWhatWasSeen(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	if err := f.etcd.Remove(t.Context(), 0xa2); err != nil {
		t.Fatal(err)
	}
	_, sight := f.look()
	f.replace(f.pod(2))
	for _, action := range []plan.Action{
		plan.Clear{Name: "demo-2"}, plan.DropPod{Name: "demo-2"},
		plan.Withdraw{Members: []etcd.MemberName{"demo-2"}}, plan.Welcome{Members: []etcd.MemberName{"demo-2"}},
	} {
		f.refusesOn(fresh(t, f.c), sight, action, "pod demo-2 is not the one that was seen")
	}
	f.replace(f.claim(2))
	for _, action := range []plan.Action{
		plan.Clear{Name: "demo-2"}, plan.GrowClaims{Claims: []string{"data-demo-2"}, Size: 9 << 30},
		plan.MarkVolumes{ClusterID: clusterID, Claims: []string{"data-demo-2"}},
	} {
		f.refusesOn(fresh(t, f.c), sight, action, "claim data-demo-2 is not the one that was seen")
	}
	f.untouched(2)
}

// replace deletes an object and makes one that looks the same.
func (f *formed) replace(o client.Object) {
	f.t.Helper()
	again := o.DeepCopyObject().(client.Object)
	o.SetFinalizers(nil)
	update(f.t, o)
	if err := apiServer.Delete(f.t.Context(), o, client.GracePeriodSeconds(0)); err != nil {
		f.t.Fatal(err)
	}
	again.SetUID("")
	again.SetResourceVersion("")
	if err := apiServer.Create(f.t.Context(), again); err != nil {
		f.t.Fatal(err)
	}
}

// A pod is dropped by force only when its node does not exist.
func TestDropPod(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 1, nil)
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: f.pod(0).Spec.NodeName}}
	if err := apiServer.Create(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	f.refuses(plan.DropPod{Name: "demo-0"}, "exists")
	f.untouched(0)
	if err := apiServer.Delete(t.Context(), node); err != nil {
		t.Fatal(err)
	}
	f.succeeds(plan.DropPod{Name: "demo-0"})
	if err := apiServer.Get(t.Context(), client.ObjectKey{Namespace: f.c.Namespace, Name: "demo-0"}, &corev1.Pod{}); !apierrors.IsNotFound(err) {
		t.Errorf("the pod is still there: %v", err)
	}
	f.succeeds(plan.DropPod{Name: "demo-0"})
}
