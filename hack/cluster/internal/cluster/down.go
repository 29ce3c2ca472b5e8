package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/hack/cluster/internal/cgroup"
	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/host"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/state"
	"github.com/quorate/quorate/hack/cluster/internal/storage"
)

// keep is what down leaves in the state folder: what was built, and the logs.
var keep = map[string]bool{"bin": true, "logs": true, "lock": true}

// Down ends the cluster and leaves nothing of it on the machine. It needs no intact record of the cluster.
func Down(ctx context.Context, l state.Layout, out io.Writer) error {
	say := newTeller(out)
	if err := host.Check(); err != nil {
		return err
	}
	unlock, err := l.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := cgroup.Kill(ctx, l.Cgroup()); err != nil {
		return err
	}
	set := daemon.Set{Dir: l.Records()}
	for _, name := range set.Names() {
		if err := set.Stop(ctx, name, 0); err != nil {
			return err
		}
	}
	say.step("everything has ended")
	if err := removeNodes(ctx, l); err != nil {
		return err
	}
	if err := removeRest(ctx, l); err != nil {
		return err
	}
	say.step("nothing is left but %s", l.Bin(""))
	return nil
}

// removeNodes destroys whatever nodes have left a folder.
func removeNodes(ctx context.Context, l state.Layout) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, n := range nodesOnDisk(l) {
		group.Go(func() error { return node.Destroy(ctx, l.Of(n)) })
	}
	return group.Wait()
}

// nodesOnDisk finds nodes by their folders, so that down works without the record too.
func nodesOnDisk(l state.Layout) []state.Node {
	var all []state.Node
	seen := map[int]bool{}
	for _, parent := range []string{"nodes", "volumes"} {
		entries, _ := os.ReadDir(filepath.Join(l.Root, parent))
		for _, e := range entries {
			var index int
			if _, err := fmt.Sscanf(e.Name(), "node-%d", &index); err == nil && !seen[index] {
				seen[index] = true
				all = append(all, state.NewNode(index))
			}
		}
	}
	return all
}

func removeRest(ctx context.Context, l state.Layout) error {
	failed := []error{storage.UnmountBelow(l.Root), storage.UnmountBelow(l.Run()), os.RemoveAll(l.Run())}
	namespaces, _ := filepath.Glob(network.Path("q" + l.ID + "-*"))
	for _, ns := range namespaces {
		failed = append(failed, network.Remove(ctx, filepath.Base(ns)))
	}
	network.RemoveFolder()
	failed = append(failed, cgroup.Remove(l.Cgroup()), host.Restore(l.Settings()))
	if err := errors.Join(failed...); err != nil {
		return err
	}
	entries, err := os.ReadDir(l.Root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !keep[e.Name()] {
			failed = append(failed, os.RemoveAll(filepath.Join(l.Root, e.Name())))
		}
	}
	return errors.Join(failed...)
}
