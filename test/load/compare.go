package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

// workload says how to write. Both clusters get the same.
type workload struct {
	writers, connections, size, turns int
	turn                              time.Duration
}

// compare gives each cluster as many turns, in the order A B B A A B B A: what
// the machine does meanwhile falls on both. The ratio is the median over pairs
// of turns, so that one bad moment does not decide it.
func compare(ctx context.Context, a, b target, load workload) error {
	clientsA, err := connections(a, load.connections)
	if err != nil {
		return fmt.Errorf("cluster A: %w", err)
	}
	clientsB, err := connections(b, load.connections)
	if err != nil {
		return fmt.Errorf("cluster B: %w", err)
	}
	for _, clients := range [][]*clientv3.Client{clientsA, clientsB} { // open every connection first
		if _, err := load.write(ctx, clients, "warm"); err != nil {
			return err
		}
	}
	var rates [2][]float64
	for turn := range 2 * load.turns {
		which, clients := 0, clientsA
		if turn%4 == 1 || turn%4 == 2 {
			which, clients = 1, clientsB
		}
		rate, err := load.write(ctx, clients, fmt.Sprint("load/", turn))
		if err != nil {
			return fmt.Errorf("cluster %c: %w", 'A'+which, err)
		}
		rates[which] = append(rates[which], rate)
		fmt.Printf("turn %c %.0f puts/s\n", 'A'+which, rate)
	}
	ratios := make([]float64, load.turns)
	for i := range ratios {
		ratios[i] = rates[0][i] / rates[1][i]
	}
	fmt.Printf("a.puts %.0f\nb.puts %.0f\nratio %.4f\n", median(rates[0]), median(rates[1]), median(ratios))
	return nil
}

func connections(t target, n int) ([]*clientv3.Client, error) {
	clients := make([]*clientv3.Client, n)
	for i := range clients {
		c, err := t.connect()
		if err != nil {
			return nil, err
		}
		clients[i] = c
	}
	return clients, nil
}

// write puts for one turn, lets what is under way end, and returns the
// acknowledged puts per second. The keys repeat, so that the database stays
// small.
func (l workload) write(ctx context.Context, clients []*clientv3.Client, prefix string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, l.turn+callTimeout)
	defer cancel()
	value := strings.Repeat("x", l.size)
	var puts atomic.Int64
	var group errgroup.Group
	start := time.Now()
	for writer := range l.writers {
		group.Go(func() error {
			c := clients[writer%len(clients)]
			for n := 0; time.Since(start) < l.turn; n++ {
				if _, err := c.Put(ctx, fmt.Sprintf("%s/%d/%d", prefix, writer, n%1000), value); err != nil {
					return fmt.Errorf("put: %w", err)
				}
				puts.Add(1)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	return float64(puts.Load()) / time.Since(start).Seconds(), nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
