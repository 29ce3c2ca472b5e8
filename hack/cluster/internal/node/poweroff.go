package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quorate/quorate/hack/cluster/internal/cgroup"
	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
	"github.com/quorate/quorate/hack/cluster/internal/storage"
)

// PowerOff ends everything on the node at one moment and takes its network away, so that nobody answers for it. The
// disks stay.
func PowerOff(ctx context.Context, l state.NodeLayout) error {
	if err := cgroup.Kill(ctx, l.Cgroup()); err != nil {
		return err
	}
	set := daemon.Set{Dir: l.Records()}
	for _, name := range Daemons {
		set.Forget(l.Daemon(name))
	}
	removeShimSockets(l)
	for _, dir := range []string{l.RunPath(), l.Dir()} {
		if err := storage.UnmountBelow(dir); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(l.RunPath()); err != nil {
		return fmt.Errorf("clear what a reboot clears: %w", err)
	}
	removeTraces(l)
	return errors.Join(network.Remove(ctx, l.Netns()), cgroup.Remove(l.Cgroup()))
}

// Destroy powers the node off and removes its disks.
func Destroy(ctx context.Context, l state.NodeLayout) error {
	if err := PowerOff(ctx, l); err != nil {
		return err
	}
	if err := storage.Destroy(ctx, l.Volumes()); err != nil {
		return err
	}
	if err := os.RemoveAll(l.Dir()); err != nil {
		return fmt.Errorf("remove the node's folder: %w", err)
	}
	for _, suffix := range []string{".crt", ".key", ".kubeconfig"} {
		_ = os.Remove(l.PKI(l.Node.Name + suffix))
	}
	return nil
}

// removeShimSockets removes the sockets that containerd's shims keep outside the node's folders.
func removeShimSockets(l state.NodeLayout) {
	addresses, _ := filepath.Glob(l.RunPath("containerd", "io.containerd.runtime.v2.task", "*", "*", "address"))
	for _, file := range addresses {
		text, _ := os.ReadFile(file)
		socket := strings.TrimPrefix(strings.TrimSpace(string(text)), "unix://")
		if strings.HasPrefix(socket, "/run/containerd/s/") {
			_ = os.Remove(socket)
		}
	}
}

// removeTraces removes what the kubelet and the CNI plugins leave in folders of the machine: links to pod logs, and
// the cached results of each sandbox.
func removeTraces(l state.NodeLayout) {
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, l.Dir()+"/") {
			_ = os.Remove(link)
		}
	}
	sandboxes, _ := os.ReadDir(l.Path("containerd", "io.containerd.grpc.v1.cri", "sandboxes"))
	for _, sandbox := range sandboxes {
		cached, _ := filepath.Glob("/var/lib/cni/results/*-" + sandbox.Name() + "-*")
		for _, file := range cached {
			_ = os.Remove(file)
		}
	}
}
