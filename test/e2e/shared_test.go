package e2e

import (
	"context"
	"os"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

// shared is one cluster of three members for tests that only look at it.
var shared struct {
	once sync.Once
	ns   string
	err  error
}

// sharedCluster returns the shared cluster, ready; whoever comes first makes it.
func sharedCluster(t *testing.T) *cluster {
	t.Helper()
	shared.once.Do(func() {
		shared.ns = "e2e-shared-" + rand.String(4)
		ctx, cancel := context.WithTimeout(context.Background(), short)
		defer cancel()
		if shared.err = createNamespace(ctx, shared.ns); shared.err != nil {
			return
		}
		o := manifest("demo", 3)
		o.Namespace = shared.ns
		shared.err = world.Create(ctx, o)
	})
	if shared.err != nil {
		t.Fatalf("make the shared cluster: %v", shared.err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			dump(t, shared.ns)
		}
	})
	c := &cluster{&space{t, shared.ns}, "demo"}
	c.waitReady()
	return c
}

// removeShared ends the shared cluster after the last test.
func removeShared() {
	if shared.ns == "" || os.Getenv("E2E_KEEP") != "" {
		return
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shared.ns}}
	ctx, cancel := context.WithTimeout(context.Background(), short)
	defer cancel()
	_ = world.Delete(ctx, ns)
}
