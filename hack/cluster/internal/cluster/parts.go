package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/quorate/quorate/hack/cluster/internal/addon"
	"github.com/quorate/quorate/hack/cluster/internal/config"
	"github.com/quorate/quorate/hack/cluster/internal/controlplane"
	"github.com/quorate/quorate/hack/cluster/internal/image"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/run"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// loadOrNew returns the remembered cluster, or one with the defaults and no node yet.
func loadOrNew(l state.Layout) (*state.Cluster, error) {
	c, err := l.Load()
	if !errors.Is(err, state.ErrNoCluster) {
		return c, err
	}
	port, err := controlplane.FreePort()
	if err != nil {
		return nil, err
	}
	return &state.Cluster{Family: network.IPv4, Domain: "cluster.local", Port: port}, nil
}

// running lists the nodes that have not been stopped by hand.
func running(c *state.Cluster) []state.Node {
	var all []state.Node
	for _, n := range c.Nodes {
		if !n.Stopped {
			all = append(all, n)
		}
	}
	return all
}

// machines lists every node as the network sees it.
func machines(l state.Layout, c *state.Cluster) []network.Machine {
	all := make([]network.Machine, len(c.Nodes))
	for i, n := range c.Nodes {
		all[i] = node.Machine(l.Of(n))
	}
	return all
}

type ownSpec struct {
	file string
	spec image.Spec
}

// ownSpecs describes the images that are made of the binaries built here.
func ownSpecs(l state.Layout) []ownSpec {
	return []ownSpec{
		{"pause.tar", image.Spec{
			Name: config.PauseImage, User: "65535:65535", Files: map[string]string{"/pause": l.Bin("pause")},
		}},
		{"coredns.tar", image.Spec{
			Name: addon.DNSImage, User: "65532:65532", Files: map[string]string{"/coredns": l.Bin("coredns")},
		}},
	}
}

// applyAddons applies what every new cluster gets.
func applyAddons(ctx context.Context, l state.Layout, c *state.Cluster) error {
	text, err := addon.Manifests(c)
	if err != nil {
		return fmt.Errorf("render add-ons: %w", err)
	}
	file := l.Config("addons.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	return run.Quiet(ctx, l.Bin("kubectl"), "--kubeconfig", l.Kubeconfig(), "apply", "--server-side", "--force-conflicts", "-f", file)
}
