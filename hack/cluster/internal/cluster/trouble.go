package cluster

import (
	"context"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/node"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// StopNode powers a node off: all on it ends at once, nobody answers for it, its disks stay.
func StopNode(ctx context.Context, l state.Layout, name string, out io.Writer) error {
	return withNode(ctx, l, name, func(c *state.Cluster, n *state.Node) error {
		n.Stopped, n.Cut = true, false
		if err := l.Save(c); err != nil {
			return err
		}
		if err := node.PowerOff(ctx, l.Of(*n)); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is off\n", name)
		return nil
	})
}

// StartNode boots a stopped node and waits until it is Ready.
func StartNode(ctx context.Context, l state.Layout, name string, out io.Writer) error {
	return withNode(ctx, l, name, func(c *state.Cluster, n *state.Node) error {
		say := newTeller(out)
		images, err := ownImages(l)
		if err != nil {
			return err
		}
		if err := node.Boot(ctx, l.Of(*n), c, images); err != nil {
			return err
		}
		n.Stopped = false
		if err := l.Save(c); err != nil {
			return err
		}
		if err := network.RoutePods(ctx, network.Plan{Family: c.Family}, l.ControlPlaneNetns(), machines(l, c)); err != nil {
			return err
		}
		if err := node.Join(l.Of(*n), c); err != nil {
			return err
		}
		if err := waitForNodes(ctx, l, &state.Cluster{Nodes: []state.Node{*n}}); err != nil {
			return err
		}
		say.step("%s is Ready", name)
		return nil
	})
}

// Cut partitions a node from all others and the control plane, or heals that.
func Cut(ctx context.Context, l state.Layout, name string, off bool, out io.Writer) error {
	return withNode(ctx, l, name, func(c *state.Cluster, n *state.Node) error {
		if n.Stopped {
			return fmt.Errorf("%s is off; start it first with: quorate-cluster start-node %s", name, name)
		}
		if err := network.Cut(ctx, node.Machine(l.Of(*n)), l.ControlPlaneNetns(), off); err != nil {
			return err
		}
		n.Cut = off
		state := map[bool]string{true: "cut off", false: "connected"}[off]
		fmt.Fprintf(out, "%s is %s\n", name, state)
		return l.Save(c)
	})
}

// RemoveNode removes a node for good, disks and all. The Node object stays, as after a real loss, unless asked.
func RemoveNode(ctx context.Context, l state.Layout, name string, object bool, out io.Writer) error {
	return withNode(ctx, l, name, func(c *state.Cluster, n *state.Node) error {
		gone := *n
		if err := node.Destroy(ctx, l.Of(gone)); err != nil {
			return err
		}
		c.Forget(name)
		if err := l.Save(c); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is gone, and its volumes with it\n", name)
		if !object {
			return nil
		}
		return deleteObject(ctx, l, name)
	})
}

func deleteObject(ctx context.Context, l state.Layout, name string) error {
	k, err := client(l)
	if err != nil {
		return err
	}
	if err := k.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the Node object: %w", err)
	}
	return nil
}

// withNode does something to one node of the cluster while no other command changes it.
func withNode(ctx context.Context, l state.Layout, name string, do func(*state.Cluster, *state.Node) error) error {
	if _, err := l.Load(); err != nil {
		return err
	}
	unlock, err := l.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := l.Load()
	if err != nil {
		return err
	}
	n, err := c.Find(name)
	if err != nil {
		return err
	}
	if !network.Exists(l.ControlPlaneNetns()) {
		return fmt.Errorf("the cluster does not run (has the machine been restarted?); start it with: quorate-cluster up")
	}
	return do(c, n)
}
