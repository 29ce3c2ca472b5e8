package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// counts are the creations and deletions in a namespace, by name.
type counts struct {
	mu      sync.Mutex
	created map[string]map[types.UID]bool
	deleted map[string]map[types.UID]bool
	broken  error
}

// counts counts from now on until the test ends.
func (s *space) counts() *counts {
	s.t.Helper()
	n := &counts{created: map[string]map[types.UID]bool{}, deleted: map[string]map[types.UID]bool{}}
	ctx, stop := context.WithCancel(context.Background())
	s.t.Cleanup(stop)
	for _, kind := range kinds {
		w, err := world.Watch(ctx, kind.DeepCopyObject().(client.ObjectList), client.InNamespace(s.name))
		if err != nil {
			s.t.Fatalf("watch %T: %v", kind, err)
		}
		s.t.Cleanup(w.Stop)
		go func() {
			for e := range w.ResultChan() {
				n.see(e)
			}
			n.mu.Lock()
			defer n.mu.Unlock()
			if ctx.Err() == nil {
				n.broken = fmt.Errorf("the watch of %T ended", kind)
			}
		}()
	}
	return n
}

func (n *counts) see(e watch.Event) {
	o, ok := e.Object.(client.Object)
	if !ok {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	name := kindAndName(o)
	switch e.Type {
	case watch.Added:
		note(n.created, name, o.GetUID())
	case watch.Deleted:
		note(n.deleted, name, o.GetUID())
	}
}

func note(in map[string]map[types.UID]bool, name string, uid types.UID) {
	if in[name] == nil {
		in[name] = map[types.UID]bool{}
	}
	in[name][uid] = true
}

// read tells the counts by name.
func (n *counts) read(t testing.TB) map[string]string {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken != nil {
		t.Fatal(n.broken)
	}
	told := map[string]string{}
	for name, uids := range n.created {
		told[name] = fmt.Sprintf("created %d, deleted %d", len(uids), len(n.deleted[name]))
	}
	return told
}
