// Command explore looks for histories in which the planner breaks a promise,
// for as long as it is told to. Equal seeds walk equal ways.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/plan/sim"
)

func main() {
	minutes := flag.Float64("minutes", 10, "how long to explore")
	seed := flag.Uint64("seed", 0, "of the random walks; 0: by the clock")
	only := flag.String("only", "", "explore only scenarios whose name contains this")
	standard := flag.Bool("standard", false, "explore the standard scenarios and end")
	var one sim.Options
	flag.IntVar(&one.Members, "members", 0, "explore one world of so many members, and end")
	flag.IntVar(&one.Limit, "limit", 0, "of that world: the largest size that is asked for")
	flag.IntVar(&one.Faults, "faults", 0, "of that world: how many faults may happen")
	flag.IntVar(&one.Changes, "changes", 0, "of that world: how many changes of the spec")
	flag.IntVar(&one.Depth, "depth", 0, "of that world: how many steps are followed; 0: all")
	flag.BoolVar(&one.Idle, "idle", false, "of that world: a database that the leader has sent counts with the next entry")
	flag.BoolVar(&one.Bloats, "bloats", false, "of that world: half of a database may become free")
	flag.BoolVar(&one.Rotates, "rotates", false, "of that world: the certificate authorities may be replaced")
	flag.IntVar(&one.Configs, "configs", 0, "of that world: how many revisions of what members are started with; the third is bad")
	flag.BoolVar(&one.Beyond, "beyond", false, "of that world: faults may cost the quorum")
	flag.BoolVar(&one.Laws.NoSecondLook, "no-second-look", false, "of that world: act on the cached view")
	flag.BoolVar(&one.Laws.AddsVoters, "adds-voters", false, "of that world: add voters in place of learners")
	flag.Parse()
	began := time.Now() //nolint:forbidigo // a budget of time needs a clock
	if *seed == 0 {
		*seed = uint64(began.UnixNano()) //nolint:gosec // any number will do
	}
	e := explorer{only: *only, stop: func() bool {
		return time.Since(began).Minutes() > *minutes //nolint:forbidigo // as above
	}}
	switch {
	case one.Members > 0:
		e.exhaust([]sim.Scenario{{Name: "the world that was asked for", Options: one}})
	case *standard:
		e.exhaust(sim.Standard())
	default:
		e.exhaust(sim.Standard())
		e.exhaust(sim.Long())
		e.wander(*seed)
	}
	fmt.Printf("%d states, no promise broken\n", e.states)
}

type explorer struct {
	only   string
	stop   func() bool
	states int
}

// exhaust follows every history of some scenarios, as far as the time allows.
func (e *explorer) exhaust(scenarios []sim.Scenario) {
	for _, s := range scenarios {
		if !strings.Contains(s.Name, e.only) || e.stop() {
			continue
		}
		s.Stop = e.stop
		e.report(s.Name, sim.Explore(s.Options))
	}
}

// wander walks random ways until the time is up. Each round has a seed of its
// own, so that a breach is found again without what came before.
func (e *explorer) wander(seed uint64) {
	for ; !e.stop(); seed++ {
		for _, s := range sim.Wide() {
			if strings.Contains(s.Name, e.only) {
				s.Stop = e.stop
				e.report(fmt.Sprintf("%s, seed %d", s.Name, seed), sim.Walk(s.Options, seed, 100, 400))
			}
		}
	}
}

func (e *explorer) report(name string, r sim.Result) {
	e.states += r.States
	if r.Counterexample != "" {
		fmt.Printf("%s: after %d states a promise is broken.\n\n%s\nTo keep it as a test: internal/plan/sim/testdata, below `play`:\n\n%s\n",
			name, r.States, r.Counterexample, strings.Join(r.Story, "\n"))
		os.Exit(1)
	}
	cut := ""
	if r.Cut {
		cut = " (not to its end: the time is up)"
	}
	fmt.Printf("%9d states, at most %3d steps away: %s%s\n", r.States, r.Depth, name, cut)
}
