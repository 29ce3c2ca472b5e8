package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	kubeconfig, loadImage, clientImage, etcdImage, peerImage, etcdVersion string
	sweep                                                                 string
	runs, rounds, databaseMiB                                             int
	rest                                                                  time.Duration
	only                                                                  []string
}

func main() {
	var o options
	var only string
	flag.StringVar(&o.kubeconfig, "kubeconfig", ".cluster/kubeconfig", "the local Kubernetes")
	flag.StringVar(&o.loadImage, "load-image", "", "image of test/load")
	flag.StringVar(&o.clientImage, "client-image", "", "image of test/e2e/client, the steady writer")
	flag.StringVar(&o.etcdImage, "etcd-image", "", "image of plain etcd")
	flag.StringVar(&o.peerImage, "peer-image", "", "image of test/bench/peer, with etcdctl")
	flag.StringVar(&o.etcdVersion, "etcd-version", "", "etcd release of both")
	flag.StringVar(&o.sweep, "crashsweep", "", "file with the figures of the last crash sweep")
	flag.IntVar(&o.runs, "runs", 5, "creations of each kind that count; one more of each goes before")
	flag.IntVar(&o.rounds, "rounds", 3, "times that the size goes from 1 to 5 and back, members are replaced, and a backup is made")
	flag.IntVar(&o.databaseMiB, "database", 1024, "size of the database that is backed up, in MiB, at most 2048; the figures are meant for 1024")
	flag.DurationVar(&o.rest, "rest", 2*time.Minute, "how long writes are counted at rest")
	flag.StringVar(&only, "only", "", "comma-separated: what to measure (puts, rest and memory need create); empty: everything")
	flag.Parse()
	o.only = strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// measurement is a part of the bench that can be asked for alone.
type measurement struct {
	name    string
	measure func(context.Context) error
}

// measurements are in the order in which they are made: rest and memory speak
// of the cluster that create leaves.
func (b *bench) measurements() []measurement {
	return []measurement{
		{"create", b.measureCreate}, {"puts", b.measurePuts}, {"rest", b.measureRest}, {"memory", b.measureMemory},
		{"scale", b.measureScale}, {"replace", b.measureReplace}, {"rollout", b.measureRollout}, {"backup", b.measureBackup},
		{"simulator", b.measureSimulator}, {"crashsweep", b.measureSweep},
	}
}

// run measures all that is asked for. What fails is told at the end, and does
// not keep the rest from being measured.
func run(ctx context.Context, o options) error {
	b, err := connect(o)
	if err != nil {
		return err
	}
	asked, err := choose(b.measurements(), o.only)
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
	var failures []error
	for _, m := range asked {
		if err := m.measure(ctx); err != nil {
			note("%s failed: %v", m.name, err)
			failures = append(failures, fmt.Errorf("%s: %w", m.name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

// choose returns the measurements of these names.
func choose(all []measurement, names []string) ([]measurement, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []measurement
	for _, m := range all {
		if slices.Contains(names, m.name) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) != len(names) {
		return nil, fmt.Errorf("--only names %v, of which not all are measurements", names)
	}
	return chosen, nil
}
