package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

// A large database is made fastest of large values. Each is tried again until
// fillPatience ends: where the disk is the bound, etcd gives some puts up.
const (
	fillValue    = 1 << 20
	fillWriters  = 3
	fillPatience = time.Minute
)

// fill writes so many MiB of values that cannot be compressed, each under a key
// of its own.
func fill(ctx context.Context, t target, mib int) error {
	c, err := t.connect()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	var group errgroup.Group
	group.SetLimit(fillWriters)
	for n := range mib {
		group.Go(func() error { return fillOne(ctx, c, n) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Printf("filled %d MiB\n", mib)
	return nil
}

func fillOne(ctx context.Context, c *clientv3.Client, n int) error {
	ctx, cancel := context.WithTimeout(ctx, fillPatience)
	defer cancel()
	var seed [32]byte
	seed[0], seed[1] = byte(n), byte(n>>8)
	value := make([]byte, fillValue)
	_, _ = rand.NewChaCha8(seed).Read(value)
	for {
		_, err := c.Put(ctx, fmt.Sprintf("fill/%d", n), string(value))
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("put value %d: %w", n, err)
		}
	}
}
