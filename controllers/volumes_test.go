package controllers

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
	builders "github.com/quorate/quorate/internal/resource"
)

// The number of pods changes from the one that was seen, never below a member
// of the list, and what is applied is what would be built.
func TestResize(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.refuses(plan.Resize{From: 5, To: 7}, "runs 3 pods, not 5")
	f.refuses(plan.Resize{From: 3, To: 2}, "still shows a2 of ordinal 2")
	f.refuses(plan.Resize{From: 3, To: 0}, "still shows a0 of ordinal 0")
	f.succeeds(plan.Resize{From: 3, To: 5})
	set := &appsv1.StatefulSet{}
	get(t, client.ObjectKeyFromObject(f.c), set)
	if *set.Spec.Replicas != 5 {
		t.Fatalf("the StatefulSet runs %d pods", *set.Spec.Replicas)
	}
	if hash := set.Annotations[v1alpha1.AnnotationAppliedHash]; hash != builders.ContentHash(f.wantedSet()) {
		t.Errorf("the hash %s is not that of what is wanted now", hash)
	}
	f.succeeds(plan.Resize{From: 5, To: 3})
	c := fresh(t, f.c)
	c.Spec.Hibernated = true
	update(t, c)
	f.succeeds(plan.Resize{From: 3, To: 0})
}

// wantedSet is what observing makes of the StatefulSet.
func (f *formed) wantedSet() *appsv1.StatefulSet {
	f.t.Helper()
	_, sight := f.look()
	for _, o := range sight.Wanted {
		if set, ok := o.(*appsv1.StatefulSet); ok {
			return set
		}
	}
	f.t.Fatal("no StatefulSet is wanted")
	return nil
}

// The StatefulSet goes and its pods stay, not even marked.
func TestRenewClaims(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	before := f.pod(1).ResourceVersion
	f.succeeds(plan.RenewClaims{})
	set := &appsv1.StatefulSet{}
	get(t, client.ObjectKeyFromObject(f.c), set) // there is no garbage collector to end it
	if set.DeletionTimestamp == nil || !slices.Contains(set.Finalizers, metav1.FinalizerOrphanDependents) {
		t.Errorf("the StatefulSet is %+v", set.ObjectMeta)
	}
	if f.pod(1).ResourceVersion != before {
		t.Error("a pod was written")
	}
	f.refuses(plan.RenewClaims{}, "no StatefulSet at the moment")
}

// Claims grow and never shrink.
func TestGrowClaims(t *testing.T) {
	t.Parallel()
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "grows"}, Provisioner: "example.com/none", AllowVolumeExpansion: ptrTo(true)}
	if err := apiServer.Create(t.Context(), class); err != nil {
		t.Fatal(err)
	}
	f := newFormed(t, 3, func(c *v1alpha1.EtcdCluster) { c.Spec.Storage.StorageClassName = &class.Name })
	bound(t, f)
	f.succeeds(plan.GrowClaims{Claims: []string{"data-demo-0", "data-demo-2"}, Size: 3 << 30})
	for n, want := range []string{"3Gi", "2Gi", "3Gi"} {
		if have := f.claim(n).Spec.Resources.Requests[corev1.ResourceStorage]; have.String() != want {
			t.Errorf("claim %d asks for %s, want %s", n, &have, want)
		}
	}
	f.succeeds(plan.GrowClaims{Claims: []string{"data-demo-0"}, Size: 1 << 30})
	if have := f.claim(0).Spec.Resources.Requests[corev1.ResourceStorage]; have.String() != "3Gi" {
		t.Errorf("it shrank to %s", &have)
	}
}

// bound gives each claim a volume: one without cannot grow.
func bound(t *testing.T, f *formed) {
	t.Helper()
	for n := range 3 {
		claim := f.claim(n)
		claim.Spec.VolumeName = "volume-" + f.c.Namespace
		update(t, claim)
		claim.Status.Phase = corev1.ClaimBound
		claim.Status.Capacity = claim.Spec.Resources.Requests
		if err := apiServer.Status().Update(t.Context(), claim); err != nil {
			t.Fatal(err)
		}
	}
}

// A claim is marked with the member that its agent names. A mark that is there
// gives way only to a member that the cluster counts instead.
func TestMarkVolumes(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	mark := plan.MarkVolumes{ClusterID: clusterID, Claims: []string{"data-demo-2"}}
	put := func(annotations map[string]string) {
		claim := f.claim(2)
		claim.Annotations = annotations
		update(t, claim)
	}
	is := func(want string) {
		t.Helper()
		if have := f.claim(2).Annotations; have[v1alpha1.AnnotationMember] != want || have[v1alpha1.AnnotationFormed] != clusterID.String() {
			t.Errorf("the claim bears %v, want member %s", have, want)
		}
	}
	put(nil)
	f.succeeds(mark)
	is("a2")
	put(map[string]string{v1alpha1.AnnotationMember: "a1"})
	f.refuses(mark, "is marked for member a1 and its volume holds a2")
	put(map[string]string{v1alpha1.AnnotationMember: "dead"}) // removed for ever
	f.succeeds(mark)
	is("a2")
	f.agents[2].set(func(r *control.Report) { r.Volume.Admission.MemberID = 0xbeef })
	f.refuses(mark, "is marked for member a2 and its volume holds beef")
	f.agents[2].set(func(r *control.Report) { r.Volume.Admission = nil })
	put(map[string]string{v1alpha1.AnnotationMember: "a2"})
	f.succeeds(mark)
	is("a2")
}

// Pruned is what is ours and not wanted, of the kinds that keep nothing.
func TestPrune(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.refuses(plan.Prune{Objects: []string{"PodDisruptionBudget/demo"}}, "shall have")
	f.refuses(plan.Prune{Objects: []string{"PersistentVolumeClaim/data-demo-0"}}, "no PersistentVolumeClaim is ever pruned")
	_, sight := f.look()
	sight.Wanted = slices.DeleteFunc(sight.Wanted, func(o client.Object) bool { _, ok := o.(*policyv1.PodDisruptionBudget); return ok })
	theirs := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "theirs"}}
	if err := apiServer.Create(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	f.refusesOn(fresh(t, f.c), sight, plan.Prune{Objects: []string{"PodDisruptionBudget/theirs"}}, "not this cluster's")
	if err := f.doOn(fresh(t, f.c), sight, plan.Prune{Objects: []string{"PodDisruptionBudget/demo", "PodDisruptionBudget/none"}}); err != nil {
		t.Fatal(err)
	}
	if err := apiServer.Get(t.Context(), client.ObjectKeyFromObject(f.c), &policyv1.PodDisruptionBudget{}); !apierrors.IsNotFound(err) {
		t.Errorf("the budget is still there: %v", err)
	}
}
