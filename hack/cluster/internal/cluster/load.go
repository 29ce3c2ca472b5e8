package cluster

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/hack/cluster/internal/image"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// Load imports image tarballs into every running node that does not have them.
func Load(ctx context.Context, l state.Layout, paths []string, out io.Writer) error {
	c, err := l.Load()
	if err != nil {
		return err
	}
	var archives []image.Archive
	for _, path := range paths {
		a, err := image.Open(path)
		if err != nil {
			return err
		}
		archives = append(archives, a)
	}
	say := newTeller(out)
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range running(c) {
		group.Go(func() error {
			return node.Load(ctx, l.Of(n), archives, func(name string) {
				mu.Lock()
				defer mu.Unlock()
				say.step("%s has %s", n.Name, name)
			})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d images on %d nodes\n", len(archives), len(running(c)))
	return nil
}
