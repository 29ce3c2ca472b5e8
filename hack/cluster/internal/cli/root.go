package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// Main runs the command line and returns the exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "cluster: interrupted; the same command goes on from here")
		return 130
	}
	fmt.Fprintln(os.Stderr, "cluster:", err)
	return 1
}

// options are the flags that every command has.
type options struct{ state string }

func (o *options) layout() (state.Layout, error) { return state.NewLayout(o.state) }

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "quorate-cluster",
		Short: "A real Kubernetes on this machine, built from Go modules",
		Long: "A real Kubernetes on this machine, built from Go modules: several nodes, each a network namespace with its\n" +
			"own containerd and kubelet. Needs root, on Debian or alike. Several clusters may run side by side, one per\n" +
			"state folder.",
		SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&o.state, "state", ".cluster", "the folder that holds the cluster; its bin/ has the binaries")
	root.AddCommand(
		newUp(o), newDown(o), newStatus(o), newLoad(o), newImage(),
		newStopNode(o), newStartNode(o), newCut(o), newHeal(o), newRemoveNode(o),
		newForward(), newProvision(),
	)
	return root
}
