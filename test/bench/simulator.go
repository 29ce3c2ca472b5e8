package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/plan/sim"
)

// measureSimulator explores the planner in the scenarios of its own test.
func (b *bench) measureSimulator(ctx context.Context) error {
	states, start := 0, time.Now()
	for _, e := range sim.Standard() {
		began := time.Now()
		e.Options.Stop = func() bool { return ctx.Err() != nil }
		r := sim.Explore(e.Options)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.Counterexample != "" {
			return fmt.Errorf("%s: a promise is broken:\n%s", e.Name, r.Counterexample)
		}
		note("simulator, %s: %d states up to %d steps deep in %.1f s", e.Name, r.States, r.Depth, time.Since(began).Seconds())
		states += r.States
	}
	figure("simulator.states", float64(states), "states", goal{})
	figure("simulator.seconds", time.Since(start).Seconds(), "seconds", goal{})
	return nil
}
