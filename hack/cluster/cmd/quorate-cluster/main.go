// Command quorate-cluster runs a real Kubernetes on this machine, to test and show Quorate on.
package main

import (
	"os"

	"github.com/quorate/quorate/hack/cluster/internal/cli"
)

func main() { os.Exit(cli.Main()) }
