package cluster

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quorate/quorate/hack/cluster/internal/cgroup"
	"github.com/quorate/quorate/hack/cluster/internal/controlplane"
	"github.com/quorate/quorate/hack/cluster/internal/host"
	"github.com/quorate/quorate/hack/cluster/internal/image"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// Wish is what a person wants of a new cluster. Zero fields mean: as it is, or the default.
type Wish struct {
	Nodes  int
	Family network.Family
	Domain string
}

// Up makes the cluster be as wished and waits until it works. Called again it mends what is missing.
func Up(ctx context.Context, l state.Layout, w Wish, out io.Writer) error {
	say := newTeller(out)
	if err := host.Check(); err != nil {
		return err
	}
	if err := host.Install(ctx, out); err != nil {
		return err
	}
	if err := checkBinaries(l); err != nil {
		return err
	}
	unlock, err := l.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := prepare(ctx, l, w)
	if err != nil {
		return err
	}
	say.step("%d nodes, %s, state in %s", len(c.Nodes), c.Family, l.Root)
	if err := startAll(ctx, l, c, say); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nUse it with:\n  export KUBECONFIG=%s\n  %s get nodes\n", l.Kubeconfig(), l.Bin("kubectl"))
	return nil
}

// prepare remembers the wish and makes everything that needs no running program.
func prepare(ctx context.Context, l state.Layout, w Wish) (*state.Cluster, error) {
	c, err := merge(l, w)
	if err != nil {
		return nil, err
	}
	if err := l.MakeFolders(); err != nil {
		return nil, err
	}
	if err := l.Save(c); err != nil {
		return nil, err
	}
	if err := host.Remember(l.Settings()); err != nil {
		return nil, err
	}
	if err := host.AllowWatchers(); err != nil {
		return nil, err
	}
	if err := controlplane.MakePKI(l, c); err != nil {
		return nil, err
	}
	if err := cgroup.Make(l.Cgroup()); err != nil {
		return nil, err
	}
	if err := cgroup.Prefer(l.Cgroup()); err != nil {
		return nil, err
	}
	return c, network.MakeControlPlane(ctx, network.Plan{Family: c.Family}, l.ControlPlaneNetns())
}

// startAll starts the control plane and the nodes side by side; what needs the API server follows.
func startAll(ctx context.Context, l state.Layout, c *state.Cluster, say *teller) error {
	images, err := ownImages(l)
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return startControlPlane(groupCtx, l, c, say) })
	for _, n := range running(c) {
		group.Go(func() error { return node.Boot(groupCtx, l.Of(n), c, images) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := network.RoutePods(ctx, network.Plan{Family: c.Family}, l.ControlPlaneNetns(), machines(l, c)); err != nil {
		return err
	}
	for _, n := range running(c) {
		if err := node.Join(l.Of(n), c); err != nil {
			return err
		}
	}
	say.step("nodes booted")
	if err := waitForNodes(ctx, l, c); err != nil {
		return err
	}
	say.step("nodes Ready")
	if err := waitForDNS(ctx, l); err != nil {
		return err
	}
	say.step("DNS answers")
	return nil
}

func startControlPlane(ctx context.Context, l state.Layout, c *state.Cluster, say *teller) error {
	if err := controlplane.StartServer(ctx, l, c); err != nil {
		return err
	}
	if err := waitForServer(ctx, l); err != nil {
		return err
	}
	say.step("API server ready on https://127.0.0.1:%d", c.Port)
	if err := controlplane.StartClients(l, c); err != nil {
		return err
	}
	return applyAddons(ctx, l, c)
}

// merge combines the wish with the remembered cluster. What cannot change later is refused.
func merge(l state.Layout, w Wish) (*state.Cluster, error) {
	c, err := loadOrNew(l)
	if err != nil {
		return nil, err
	}
	if w.Family != "" && w.Family != c.Family && len(c.Nodes) > 0 {
		return nil, fmt.Errorf("this cluster is %s and stays so; for %s take it down first, or use another --state", c.Family, w.Family)
	}
	if w.Domain != "" && w.Domain != c.Domain && len(c.Nodes) > 0 {
		return nil, fmt.Errorf("this cluster's domain is %s and stays so; for %s take it down first, or use another --state", c.Domain, w.Domain)
	}
	if w.Family != "" {
		c.Family = w.Family
	}
	if w.Domain != "" {
		c.Domain = w.Domain
	}
	if w.Nodes == 0 && len(c.Nodes) == 0 {
		w.Nodes = 3
	}
	if w.Nodes > 0 && w.Nodes < len(c.Nodes) {
		return nil, fmt.Errorf("there are %d nodes; to have %d, remove some with: quorate-cluster remove-node NAME", len(c.Nodes), w.Nodes)
	}
	c.Grow(w.Nodes)
	if c.NextIndex > network.MaxNodes {
		return nil, fmt.Errorf("node numbers end at %d; take the cluster down and start anew", network.MaxNodes)
	}
	return c, nil
}

// checkBinaries names what has not been built.
func checkBinaries(l state.Layout) error {
	for _, name := range []string{
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
		"etcd", "coredns", "pause", "quorate-cluster",
		"cni/bridge", "cni/host-local", "cni/loopback", "cni/portmap",
	} {
		if _, err := os.Stat(l.Bin(name)); err != nil {
			return fmt.Errorf("%s is not built; build it with: make cluster-binaries (or hack/cluster/build.sh %s)", l.Bin(name), filepath.Dir(l.Bin("x")))
		}
	}
	return nil
}

// teller prints what has been reached, and when.
type teller struct {
	out   io.Writer
	start time.Time
}

func newTeller(out io.Writer) *teller { return &teller{out: out, start: time.Now()} }

func (t *teller) step(format string, args ...any) {
	fmt.Fprintf(t.out, "%5.1f s  %s\n", time.Since(t.start).Seconds(), fmt.Sprintf(format, args...))
}

// ownImages makes the images every node needs.
func ownImages(l state.Layout) ([]image.Archive, error) {
	var all []image.Archive
	for _, own := range ownSpecs(l) {
		out := filepath.Join(l.Images(), own.file)
		if err := image.Build(own.spec, out); err != nil {
			return nil, err
		}
		archive, err := image.Open(out)
		if err != nil {
			return nil, err
		}
		all = append(all, archive)
	}
	return all, nil
}
