package controllers

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// lagging is a reader that is behind: what it returns is changed first.
type lagging struct {
	client.Client
	behind func(any)
}

func (c lagging) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := c.Client.Get(ctx, key, o, opts...)
	c.behind(o)
	return err
}

func (c lagging) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := c.Client.List(ctx, list, opts...)
	c.behind(list)
	return err
}

// What changes the membership or destroys something is decided again on the
// API server's own word: a cache that is behind makes nobody leave.
func TestStaleCacheDecidesNothing(t *testing.T) {
	t.Parallel()
	oldSpec := func(o any) {
		if c, ok := o.(*v1alpha1.EtcdCluster); ok {
			c.Spec.Replicas = 1
		}
	}
	oldClaim := func(o any) { // one that was being deleted, and another is there since
		if claims, ok := o.(*corev1.PersistentVolumeClaimList); ok {
			claims.Items[2].DeletionTimestamp = ptrTo(metav1.Now())
		}
	}
	for name, behind := range map[string]func(any){"spec": oldSpec, "claims": oldClaim} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFormed(t, 3, nil)
			f.Client = lagging{f.Client, behind}
			f.Observer.Cached = f.Client
			cached := fresh(t, f.c)
			behind(cached)
			seen, err := f.EtcdClusterReconciler.look(t.Context(), f.Observer, cached)
			if err != nil || !plan.Live(seen.decision.Action) {
				t.Fatalf("on the past is decided %+v, %v: the test shows nothing", seen.decision, err)
			}
			before := f.writes.Load()
			result, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(f.c)})
			if err != nil || result.RequeueAfter != conflictPause {
				t.Errorf("got %+v, %v", result, err)
			}
			if n := f.writes.Load() - before; n != 0 || len(f.etcd.Calls()) != 0 {
				t.Errorf("%d writes, and of etcd was asked %v", n, f.etcd.Calls())
			}
		})
	}
}

// The same decision on live state is done, once.
func TestLiveDecisionIsDone(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.scale(1)
	f.reconcile(t, f.c)
	if label := f.pod(2).Labels[v1alpha1.LabelServing]; label != "false" {
		t.Fatalf("demo-2 bears %q", label)
	}
	if label := f.pod(1).Labels[v1alpha1.LabelServing]; label != "true" {
		t.Fatalf("demo-1 bears %q", label)
	}
}

// A cluster that is deleted between the two looks is left alone.
func TestGoneBetweenLooks(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.scale(1)
	f.Observer.Live = vanished{apiServer}
	before := f.writes.Load()
	f.reconcile(t, f.c)
	if n := f.writes.Load() - before; n != 0 {
		t.Errorf("%d writes", n)
	}
}

// vanished has no EtcdClusters.
type vanished struct{ client.Reader }

func (v vanished) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if _, ok := o.(*v1alpha1.EtcdCluster); ok {
		key.Name = "no-such-cluster"
	}
	return v.Reader.Get(ctx, key, o, opts...)
}

// An observation that fails the second time fails the reconcile.
func TestLiveReadFails(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.scale(1)
	f.Observer.Live = deny{apiServer}
	_, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(f.c)})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if label := f.pod(2).Labels[v1alpha1.LabelServing]; label != "true" {
		t.Errorf("demo-2 bears %q", label)
	}
}

// scale changes the spec.
func (f *formed) scale(replicas int32) {
	f.t.Helper()
	c := fresh(f.t, f.c)
	c.Spec.Replicas = replicas
	update(f.t, c)
}
