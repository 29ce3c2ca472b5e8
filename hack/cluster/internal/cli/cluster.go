package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorate/quorate/hack/cluster/internal/cluster"
	"github.com/quorate/quorate/hack/cluster/internal/network"
)

func newUp(o *options) *cobra.Command {
	var nodes int
	var family, domain string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the cluster, or mend and grow the one there is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cluster.Wish{Domain: domain}
			if cmd.Flags().Changed("nodes") {
				if nodes < 1 {
					return fmt.Errorf("--nodes %d: a cluster has at least one node", nodes)
				}
				w.Nodes = nodes
			}
			if family != "" {
				f, err := network.ParseFamily(family)
				if err != nil {
					return err
				}
				w.Family = f
			}
			l, err := o.layout()
			if err != nil {
				return err
			}
			return cluster.Up(cmd.Context(), l, w, cmd.OutOrStdout())
		},
	}
	cmd.Flags().IntVar(&nodes, "nodes", 3, "how many nodes; more than there are adds some")
	cmd.Flags().StringVar(&family, "family", "", "ipv4, ipv6 or dual (default ipv4)")
	cmd.Flags().StringVar(&domain, "cluster-domain", "", "DNS domain of the cluster (default cluster.local)")
	return cmd
}

func newDown(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "End the cluster and leave nothing of it on the machine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := o.layout()
			if err != nil {
				return err
			}
			return cluster.Down(cmd.Context(), l, cmd.OutOrStdout())
		},
	}
}

func newStatus(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Say what runs; the exit code says whether all is well",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := o.layout()
			if err != nil {
				return err
			}
			return cluster.Status(cmd.Context(), l, cmd.OutOrStdout())
		},
	}
}

func newLoad(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "load IMAGE.tar...",
		Short: "Load image tarballs into every running node; nodes that have them are left alone",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			l, err := o.layout()
			if err != nil {
				return err
			}
			return cluster.Load(cmd.Context(), l, paths, cmd.OutOrStdout())
		},
	}
}
