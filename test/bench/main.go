package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	kubeconfig, loadImage, etcdImage, etcdVersion string
	runs                                          int
	rest                                          time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", ".cluster/kubeconfig", "the local Kubernetes")
	flag.StringVar(&o.loadImage, "load-image", "", "image of test/load")
	flag.StringVar(&o.etcdImage, "etcd-image", "", "image of plain etcd")
	flag.StringVar(&o.etcdVersion, "etcd-version", "", "etcd release of both")
	flag.IntVar(&o.runs, "runs", 5, "creations of each kind that count; one more of each goes before")
	flag.DurationVar(&o.rest, "rest", 2*time.Minute, "how long writes are counted at rest")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	b, err := connect(o)
	if err != nil {
		return err
	}
	if err := b.header(ctx); err != nil {
		return err
	}
	if err := b.begin(ctx); err != nil {
		return err
	}
	defer b.end()
	for _, measure := range []func(context.Context) error{b.measureCreate, b.measurePuts, b.measureRest, b.measureMemory} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}
