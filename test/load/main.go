package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const usage = `usage: load [flags] COMMAND
  put KEY VALUE   write a key
  get KEY         print a key's value
  members         print "ID NAME voter|learner" for each member, read linearizably
  lead NAME       make a member the leader
  fill MIB        write values of 1 MiB each that cannot be compressed
  compare         write to cluster A and cluster B in turns; print one line for each turn, then a summary
flags:`

func main() {
	var a, b target
	var load workload
	flag.StringVar(&a.endpoints, "endpoints", "", "comma-separated client URLs (of cluster A)")
	flag.StringVar(&a.folder, "tls", "/tls", "folder with ca.crt, tls.crt and tls.key; empty for plain text")
	flag.StringVar(&b.endpoints, "b-endpoints", "", "compare: client URLs of cluster B")
	flag.StringVar(&b.folder, "b-tls", "/b-tls", "compare: cluster B's folder")
	flag.IntVar(&load.writers, "writers", 32, "compare: writers at a time")
	flag.IntVar(&load.connections, "connections", 4, "compare: connections that they share")
	flag.IntVar(&load.size, "size", 256, "compare: bytes per value")
	flag.IntVar(&load.turns, "turns", 10, "compare: turns of each cluster")
	flag.DurationVar(&load.turn, "turn", 2*time.Second, "compare: length of a turn")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, flag.Args(), a, b, load); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, a, b target, load workload) error {
	switch command := strings.Join(args, " "); {
	case len(args) == 3 && args[0] == "put":
		return a.do(ctx, func(ctx context.Context, c *clientv3.Client) error { return put(ctx, c, args[1], args[2]) })
	case len(args) == 2 && args[0] == "get":
		return a.do(ctx, func(ctx context.Context, c *clientv3.Client) error { return get(ctx, c, args[1]) })
	case command == "members":
		return a.do(ctx, members)
	case len(args) == 2 && args[0] == "lead":
		return a.do(ctx, lead(a, args[1]))
	case len(args) == 2 && args[0] == "fill":
		mib, err := strconv.Atoi(args[1])
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		return fill(ctx, a, mib)
	case command == "compare":
		return compare(ctx, a, b, load)
	default:
		flag.Usage()
		return errors.New("unknown command")
	}
}

func put(ctx context.Context, c *clientv3.Client, key, value string) error {
	resp, err := c.Put(ctx, key, value)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	fmt.Printf("put %s at revision %d\n", key, resp.Header.Revision)
	return nil
}

func get(ctx context.Context, c *clientv3.Client, key string) error {
	resp, err := c.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("get %s: %w", key, err)
	}
	if len(resp.Kvs) == 0 {
		return fmt.Errorf("get %s: there is no such key", key)
	}
	fmt.Println(string(resp.Kvs[0].Value))
	return nil
}

func members(ctx context.Context, c *clientv3.Client) error {
	resp, err := c.MemberList(ctx)
	if err != nil {
		return fmt.Errorf("list members: %w", err)
	}
	for _, m := range resp.Members {
		role := "voter"
		if m.IsLearner {
			role = "learner"
		}
		name := m.Name
		if name == "" {
			name = "(not started)"
		}
		fmt.Printf("%x %s %s\n", m.ID, name, role)
	}
	return nil
}
