package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	cluster := flag.String("cluster", "local", "local, kind or current")
	state := flag.String("state", ".cluster", "folder of the local cluster")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *cluster, *state); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, cluster, state string) error {
	p, err := choose(cluster, state)
	if err != nil {
		return err
	}
	fmt.Printf("Quorate demo on %s\n", p.where)
	if err := p.missing(); err != nil {
		return err
	}
	d := &demo{kubectl: p.kubectl}
	d.steps = append(p.prepare, []step{
		{"install Quorate: kubectl apply -k config/default", d.install},
		{"apply " + sample, d.apply},
		{"wait until the cluster is Ready", d.await},
		{"put a key through the client Service, over mTLS", d.put},
		{"get it back", d.get},
	}...)
	if err := d.run(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted; what was started is still there, and make demo goes on from it")
		}
		d.explain()
		return err
	}
	return d.conclude(ctx, p)
}

// choose returns the place to run in. Only the word given on the command line
// leads to a cluster that the demo did not make.
func choose(cluster, state string) (*place, error) {
	switch cluster {
	case "local":
		return local(state), nil
	case "kind":
		return kind(state), nil
	case "current":
		return current(), nil
	default:
		return nil, fmt.Errorf("there is no CLUSTER=%s; there are\n"+
			"  make demo                  a local Kubernetes of its own, on Linux as root\n"+
			"  make demo CLUSTER=kind     a kind cluster named quorate, with Docker\n"+
			"  make demo CLUSTER=current  the current context of kubectl", cluster)
	}
}
