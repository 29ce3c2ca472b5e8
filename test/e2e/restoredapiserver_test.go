package e2e

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// TestRestoredAPIServer: the store of a second kube-apiserver is restored in place.
// Its informers see no object that is gone, none at a version from before, and time
// goes on: the API server needs no restart.
func TestRestoredAPIServer(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("store", 3)
	s.create(volumeStore(), s.apiserverFiles(), c.apiserver())
	config := s.secondKubernetes()
	k := clientsetFor(t, config)
	maps := k.CoreV1().ConfigMaps("default")
	put := func(name, value string) {
		t.Helper()
		eventually(t, long, "write "+name, func(ctx context.Context) error {
			m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"value": value}}
			if _, err := maps.Update(ctx, m, metav1.UpdateOptions{}); err == nil {
				return nil
			}
			_, err := maps.Create(ctx, m, metav1.CreateOptions{})
			return err
		})
	}
	put("stays", "before")
	put("changes", "before")
	c.backup("first", intoVolume).complete()
	put("changes", "later")
	put("goes", "later")

	seen := watching(t, informers.NewSharedInformerFactory(k, 0).Core().V1().ConfigMaps().Informer())
	eventually(t, long, "the informer has seen all", func(context.Context) error {
		return seen.shows(map[string]string{"stays": "before", "changes": "later", "goes": "later"})
	})
	highest := seen.version()

	c.restoreFrom("first", "back").complete()
	eventually(t, long, "the informer shows what was restored", func(context.Context) error {
		return seen.shows(map[string]string{"stays": "before", "changes": "before"})
	})
	if now := seen.version(); now <= highest {
		t.Errorf("the informer is at version %d, it was at %d", now, highest)
	}
	put("after", "now")
	eventually(t, long, "the informer goes on", func(context.Context) error {
		return seen.shows(map[string]string{"stays": "before", "changes": "before", "after": "now"})
	})
}

// informed is an informer that runs until the test ends.
type informed struct{ cache.SharedIndexInformer }

func watching(t *testing.T, informer cache.SharedIndexInformer) informed {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		informer.Run(ctx.Done())
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return informed{informer}
}

// version is the one that the informer is at: that of all it shows together.
func (w informed) version() uint64 {
	version, _ := strconv.ParseUint(w.LastSyncResourceVersion(), 10, 64)
	return version
}

// shows compares what the informer holds of the test's objects.
func (w informed) shows(want map[string]string) error {
	have := map[string]string{}
	for _, o := range w.GetStore().List() {
		if m := o.(*corev1.ConfigMap); m.Namespace == "default" && m.Name != "kube-root-ca.crt" {
			have[m.Name] = m.Data["value"]
		}
	}
	if fmt.Sprint(have) != fmt.Sprint(want) {
		return fmt.Errorf("it shows %v at %s", have, w.LastSyncResourceVersion())
	}
	return nil
}
