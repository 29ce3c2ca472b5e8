package controllers

import (
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// latest keeps what was written last of each cluster, so that a reconcile that
// runs before the cache has seen it does not decide on the past. It saves
// conflicts; safety does not rest on it.
type latest struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*v1alpha1.EtcdCluster
}

// newer returns the cached object or the remembered one, whichever is newer.
func (l *latest) newer(cached *v1alpha1.EtcdCluster) *v1alpha1.EtcdCluster {
	l.mu.Lock()
	defer l.mu.Unlock()
	have, ok := l.objects[client.ObjectKeyFromObject(cached)]
	if ok && have.UID == cached.UID && revision(have) > revision(cached) {
		return have.DeepCopy()
	}
	return cached
}

// remember keeps an object that a write returned.
func (l *latest) remember(written *v1alpha1.EtcdCluster) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.objects == nil {
		l.objects = map[types.NamespacedName]*v1alpha1.EtcdCluster{}
	}
	l.objects[client.ObjectKeyFromObject(written)] = written.DeepCopy()
}

// forget drops what was kept and returns its UID.
func (l *latest) forget(name types.NamespacedName) (types.UID, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	have, ok := l.objects[name]
	if !ok {
		return "", false
	}
	delete(l.objects, name)
	return have.UID, true
}

// revision compares resourceVersions, which are ordered numbers since
// Kubernetes says so; one that is not a number counts as oldest.
func revision(o client.Object) uint64 {
	n, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
