package cli

import (
	"github.com/spf13/cobra"

	"github.com/quorate/quorate/hack/cluster/internal/forward"
	"github.com/quorate/quorate/hack/cluster/internal/provision"
)

// newForward is started by up, never by a person.
func newForward() *cobra.Command {
	var target string
	cmd := &cobra.Command{
		Use: "forward", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return forward.Serve(cmd.Context(), target) },
	}
	cmd.Flags().StringVar(&target, "target", "", "address to forward to")
	return cmd
}

// newProvision is started by up, never by a person.
func newProvision() *cobra.Command {
	var kubeconfig, root string
	cmd := &cobra.Command{
		Use: "provision", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return provision.Run(cmd.Context(), kubeconfig, root) },
	}
	cmd.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	cmd.Flags().StringVar(&root, "root", "", "folder of all nodes' volumes")
	return cmd
}
