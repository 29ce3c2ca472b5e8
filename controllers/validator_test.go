package controllers

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	builders "github.com/quorate/quorate/internal/resource"
)

// validators are the pods that validate a change.
func (f *formed) validators() []corev1.Pod {
	f.t.Helper()
	pods := &corev1.PodList{}
	if err := apiServer.List(f.t.Context(), pods, client.InNamespace(f.c.Namespace), client.MatchingLabels(builders.ValidatorSelector(f.c.Name))); err != nil {
		f.t.Fatal(err)
	}
	return pods.Items
}

// A validating pod whose node is lost is taken off it by Kubernetes, at once, and
// another one answers.
func TestValidatorOfALostNode(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	c := fresh(t, f.c)
	c.Spec.Etcd.SnapshotCount = ptr.To[int64](5000)
	update(t, c)
	f.settle(t, c)
	pods := f.validators()
	if len(pods) != 1 {
		t.Fatalf("%d pods validate, want one", len(pods))
	}
	first := pods[0]
	for _, taint := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady} {
		if !slices.ContainsFunc(first.Spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == taint && ptr.Deref(t.TolerationSeconds, -1) == 0 }) {
			t.Errorf("the pod stays on a node with the taint %s: %v", taint, first.Spec.Tolerations)
		}
	}
	bind := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: first.Namespace, Name: first.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: "lost"}}
	if err := apiServer.SubResource("binding").Create(t.Context(), &first, bind); err != nil {
		t.Fatal(err)
	}
	// As the taint eviction controller does. With a grace of 0 s nobody waits for
	// the node to confirm it.
	if err := apiServer.Delete(t.Context(), &first); err != nil {
		t.Fatal(err)
	}
	f.settle(t, c)
	pods = f.validators()
	if len(pods) != 1 || pods[0].UID == first.UID || pods[0].DeletionTimestamp != nil {
		t.Fatalf("validating pods after the first was lost: %v, want one other", pods)
	}
}
