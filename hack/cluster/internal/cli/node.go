package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/hack/cluster/internal/cluster"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// nodeCommand is a command about one node.
func nodeCommand(o *options, use, short string, do func(ctx context.Context, l state.Layout, name string, out io.Writer) error) *cobra.Command {
	return &cobra.Command{
		Use:   use + " NAME",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := o.layout()
			if err != nil {
				return err
			}
			return do(cmd.Context(), l, args[0], cmd.OutOrStdout())
		},
	}
}

func newStopNode(o *options) *cobra.Command {
	return nodeCommand(o, "stop-node", "Power a node off: all on it ends at once, its volumes stay", cluster.StopNode)
}

func newStartNode(o *options) *cobra.Command {
	return nodeCommand(o, "start-node", "Boot a stopped node and wait until it is Ready", cluster.StartNode)
}

func newCut(o *options) *cobra.Command {
	return nodeCommand(o, "cut", "Partition a node from all others; what runs on it goes on",
		func(ctx context.Context, l state.Layout, name string, out io.Writer) error {
			return cluster.Cut(ctx, l, name, true, out)
		})
}

func newHeal(o *options) *cobra.Command {
	return nodeCommand(o, "heal", "Connect a node that was cut off",
		func(ctx context.Context, l state.Layout, name string, out io.Writer) error {
			return cluster.Cut(ctx, l, name, false, out)
		})
}

func newRemoveNode(o *options) *cobra.Command {
	var object bool
	cmd := nodeCommand(o, "remove-node", "Remove a node for good, with its volumes",
		func(ctx context.Context, l state.Layout, name string, out io.Writer) error {
			return cluster.RemoveNode(ctx, l, name, object, out)
		})
	cmd.Flags().BoolVar(&object, "delete-object", false, "delete the Node object too")
	return cmd
}
