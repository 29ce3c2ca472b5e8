package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/quorate/quorate/hack/cluster/internal/controlplane"
	"github.com/quorate/quorate/hack/cluster/internal/daemon"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// ErrUnwell says that status found something wrong; what, it has printed.
var ErrUnwell = errors.New("the cluster is not well; mend it with: quorate-cluster up")

// Status prints what runs.
func Status(ctx context.Context, l state.Layout, out io.Writer) error {
	c, err := l.Load()
	if err != nil {
		return err
	}
	ready, apiErr := readyNodes(ctx, l)
	set := daemon.Set{Dir: l.Records()}
	well := apiErr == nil
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "state\t%s\nkubeconfig\t%s\nfamily\t%s, domain %s\n", l.Root, l.Kubeconfig(), c.Family, c.Domain)
	server := fmt.Sprintf("https://127.0.0.1:%d", c.Port)
	if apiErr != nil {
		server += " does not answer: " + apiErr.Error()
	}
	fmt.Fprintf(w, "API server\t%s\n", server)
	dead := ended(set, controlplane.Daemons)
	well = well && dead == ""
	fmt.Fprintf(w, "control plane\t%s\n", orRunning(dead))
	for _, n := range c.Nodes {
		text, ok := describe(l.Of(n), set, ready[n.Name])
		well = well && ok
		address := network.Join(network.Plan{Family: c.Family}.Node(n.Index))
		fmt.Fprintf(w, "%s\t%s\t%s\tnsenter --net=%s\n", n.Name, text, address, network.Path(l.Of(n).Netns()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !well {
		return ErrUnwell
	}
	return nil
}

func readyNodes(ctx context.Context, l state.Layout) (map[string]bool, error) {
	k, err := client(l)
	if err != nil {
		return nil, err
	}
	return readiness(ctx, k, l)
}

// describe puts a node's state into words; ok is false when it is not as it was left.
func describe(l state.NodeLayout, set daemon.Set, ready bool) (text string, ok bool) {
	if l.Node.Stopped {
		return "off", true
	}
	names := make([]string, len(node.Daemons))
	for i, d := range node.Daemons {
		names[i] = l.Daemon(d)
	}
	dead := ended(set, names)
	text = orRunning(dead)
	switch {
	case l.Node.Cut:
		return text + ", cut off", dead == ""
	case ready:
		return text + ", Ready", dead == ""
	default:
		return text + ", not Ready", false
	}
}

// ended lists the daemons that do not run.
func ended(set daemon.Set, names []string) string {
	var dead []string
	for _, name := range names {
		if !set.Alive(name) {
			dead = append(dead, name)
		}
	}
	return strings.Join(dead, ", ")
}

func orRunning(dead string) string {
	if dead == "" {
		return "running"
	}
	return "ended: " + dead
}
