package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/hack/cluster/internal/cgroup"
	"github.com/quorate/quorate/hack/cluster/internal/config"
	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/image"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
	"github.com/quorate/quorate/hack/cluster/internal/storage"
)

// Daemons lists a node's daemons in the order they start.
var Daemons = []string{"containerd", "kubelet", "kube-proxy"}

// Machine is the node as the network sees it.
func Machine(l state.NodeLayout) network.Machine {
	return network.Machine{Index: l.Node.Index, Netns: l.Netns()}
}

// Boot brings a node up as far as it gets without the API server: network, disks, container runtime, images.
func Boot(ctx context.Context, l state.NodeLayout, c *state.Cluster, images []image.Archive) error {
	plan := network.Plan{Family: c.Family}
	if err := network.MakeNode(ctx, plan, Machine(l), l.ControlPlaneNetns()); err != nil {
		return err
	}
	if err := writeFiles(l, c); err != nil {
		return err
	}
	for _, group := range []string{l.Cgroup(), l.SystemCgroup()} {
		if err := cgroup.Make(group); err != nil {
			return err
		}
	}
	if err := storage.AttachAll(ctx, l.Volumes()); err != nil {
		return err
	}
	if err := start(l, "containerd", []string{"containerd", "--config", l.Path("containerd.toml")}); err != nil {
		return err
	}
	if err := waitForRuntime(ctx, l); err != nil {
		return err
	}
	return Load(ctx, l, images, func(string) {})
}

// Join starts what makes the machine a node of the cluster.
func Join(l state.NodeLayout, c *state.Cluster) error {
	if err := start(l, "kubelet", config.Kubelet(l, c)); err != nil {
		return err
	}
	return start(l, "kube-proxy", config.KubeProxy(l))
}

// Load imports images that the node does not have, and says which it imported.
func Load(ctx context.Context, l state.NodeLayout, images []image.Archive, loaded func(name string)) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, archive := range images {
		group.Go(func() error {
			fresh, err := image.Load(ctx, archive, l.Socket())
			if err != nil {
				return fmt.Errorf("load %s into %s: %w", archive.Path, l.Node.Name, err)
			}
			if fresh {
				loaded(archive.Names[0])
			}
			return nil
		})
	}
	return group.Wait()
}

func writeFiles(l state.NodeLayout, c *state.Cluster) error {
	files, err := config.NodeFiles(l, c)
	if err != nil {
		return fmt.Errorf("render the configuration of %s: %w", l.Node.Name, err)
	}
	for _, dir := range []string{l.Volumes(), l.RunPath(), l.Path("kubelet"), l.Path("pod-logs"), l.Path("containerd", "opt")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("create folder: %w", err)
		}
	}
	for path, text := range files {
		if err := replace(path, text); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	return nil
}

// replace writes a file whole, and only when it changes: containerd watches some of them.
func replace(path, text string) error {
	if have, err := os.ReadFile(path); err == nil && string(have) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".next", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

func start(l state.NodeLayout, name string, argv []string) error {
	return daemon.Set{Dir: l.Records()}.Start(daemon.Spec{
		Name: l.Daemon(name), Argv: argv, Log: l.Log(l.Daemon(name)), Netns: network.Path(l.Netns()),
		Join: func(pid int) error { return cgroup.Join(l.SystemCgroup(), pid) },
	})
}

// waitForRuntime waits until containerd serves pods.
func waitForRuntime(ctx context.Context, l state.NodeLayout) error {
	set := daemon.Set{Dir: l.Records()}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(l.Socket()); err == nil {
			if err = servesPods(ctx, l.Socket()); err == nil {
				return nil
			}
		}
		if !set.Alive(l.Daemon("containerd")) || time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("containerd of %s does not answer; its log is %s", l.Node.Name, l.Log(l.Daemon("containerd")))
		}
	}
}
