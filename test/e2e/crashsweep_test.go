package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// How the sweep is chosen and where it is told.
const (
	// sweepVariable is "all", how many runs to draw, or a pattern of the runs'
	// names.
	sweepVariable = "QUORATE_SWEEP"
	seedVariable  = "QUORATE_SWEEP_SEED"
	sweepDrawn    = 10
	// scenariosDrawn is how many scenarios a draw takes its runs from: each costs
	// an undisturbed run.
	scenariosDrawn = 4
)

// disturbance is a scenario in which one write is disturbed.
type disturbance struct {
	scenario scenario
	write    string
	mode     string
}

func (d disturbance) String() string { return d.scenario.name + "/" + d.mode + " " + d.write }

// modes are what becomes of a write, and how the log of writes tells it: not
// sent; sent and its reply lost; sent, and the operator dies at once. See
// internal/fault.
var modes = map[string]string{"fail": "not sent", "lose": ", lost", "die": ", died"}

// TestCrashSweep: whichever write of the operator fails, loses its reply or is
// its last, to Kubernetes, to etcd or to an agent, the cluster ends in the
// state of the undisturbed run, after as many creations, deletions and members.
func TestCrashSweep(t *testing.T) {
	t.Parallel()
	sweep := &sweep{undisturbed: map[string]outcome{}, seed: seed(t), wanted: cmp.Or(os.Getenv(sweepVariable), strconv.Itoa(sweepDrawn))}
	sweep.random = rand.New(rand.NewPCG(sweep.seed, 0))
	sweep.drawScenarios()
	t.Run("undisturbed", func(t *testing.T) {
		for _, s := range sweep.scenarios {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				sweep.expect(s, s.run(t, "", nil))
			})
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	chosen := sweep.choose(t)
	t.Run("disturbed", func(t *testing.T) {
		for _, d := range chosen {
			t.Run(d.String(), func(t *testing.T) {
				t.Parallel()
				t.Cleanup(func() { sweep.count(t.Failed()) })
				sweep.disturb(t, d)
			})
		}
	})
	sweep.report(t)
}

// sweep is what is found out meanwhile.
type sweep struct {
	sync.Mutex
	wanted      string // see sweepVariable
	seed        uint64
	random      *rand.Rand
	scenarios   []scenario
	undisturbed map[string]outcome
	all         int
	runs        int
	failures    int
	missed      []string
}

// expect remembers how a scenario ends undisturbed.
func (s *sweep) expect(of scenario, o outcome) {
	s.Lock()
	defer s.Unlock()
	s.undisturbed[of.name] = o
}

// disturb makes one run, and compares how it ends.
func (s *sweep) disturb(t *testing.T, d disturbance) {
	want := s.undisturbed[d.scenario.name]
	got := d.scenario.run(t, d.write+":"+d.mode, &want)
	if !got.writes.met(d) {
		s.miss(d)
		t.Logf("there was no such write this time")
	}
}

func (s *sweep) miss(d disturbance) {
	s.Lock()
	defer s.Unlock()
	s.missed = append(s.missed, d.String())
}

func (s *sweep) count(failed bool) {
	s.Lock()
	defer s.Unlock()
	s.runs++
	if failed {
		s.failures++
	}
}

// seed is given, or told by the clock.
func seed(t *testing.T) uint64 {
	t.Helper()
	given := os.Getenv(seedVariable)
	if given == "" {
		return uint64(time.Now().UnixNano()) % 1_000_000
	}
	n, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	return n
}

// drawScenarios takes all scenarios for all runs, those that a pattern names, and
// some for some runs.
func (s *sweep) drawScenarios() {
	s.scenarios = slices.Clone(scenarios)
	if _, err := strconv.Atoi(s.wanted); err == nil {
		s.random.Shuffle(len(s.scenarios), func(i, j int) { s.scenarios[i], s.scenarios[j] = s.scenarios[j], s.scenarios[i] })
		s.scenarios = s.scenarios[:scenariosDrawn]
		return
	}
	named := slices.DeleteFunc(slices.Clone(scenarios), func(of scenario) bool { return !strings.Contains(s.wanted, of.name+"/") })
	if len(named) > 0 {
		s.scenarios = named
	}
}

// choose draws the runs from all that there are, in an order that the seed
// repeats.
func (s *sweep) choose(t *testing.T) []disturbance {
	t.Helper()
	var all []disturbance
	for _, of := range s.scenarios {
		for _, write := range s.undisturbed[of.name].writes.done() {
			s.all++
			for _, mode := range slices.Sorted(maps.Keys(modes)) {
				all = append(all, disturbance{of, write, mode})
			}
		}
	}
	s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if s.wanted == "all" {
		return all
	}
	if n, err := strconv.Atoi(s.wanted); err == nil {
		return sample(all, n)
	}
	pattern, err := regexp.Compile(s.wanted)
	if err != nil {
		t.Fatalf("%s=%s: %v", sweepVariable, s.wanted, err)
	}
	var some []disturbance
	for _, d := range all {
		if pattern.MatchString(d.String()) {
			some = append(some, d)
		}
	}
	return some
}

// sample takes n from the front, a quarter of them from those in which only the
// shown status is at stake: there are as many of these as of all others.
func sample(all []disturbance, n int) []disturbance {
	var acts, shown []disturbance
	for _, d := range all {
		if strings.Contains(d.write, "quorate-status") {
			shown = append(shown, d)
		} else {
			acts = append(acts, d)
		}
	}
	few := min(n/4, len(shown))
	return slices.Concat(acts[:min(n-few, len(acts))], shown[:few])
}

// report tells the figures, here and in .images/crashsweep.json for make.
func (s *sweep) report(t *testing.T) {
	t.Helper()
	for _, m := range s.missed {
		t.Logf("not met: %s", m)
	}
	text := fmt.Sprintf("crashsweep.writes=%d crashsweep.runs=%d crashsweep.missed=%d crashsweep.failures=%d crashsweep.seed=%d",
		s.all, s.runs, len(s.missed), s.failures, s.seed)
	t.Log(text)
	figures, err := json.Marshal(map[string]any{
		"crashsweep.writes": s.all, "crashsweep.runs": s.runs, "crashsweep.missed": len(s.missed),
		"crashsweep.failures": s.failures, "crashsweep.seed": s.seed,
	})
	if err == nil {
		err = os.WriteFile(world.path(filepath.Join(".images", "crashsweep.json")), figures, 0o644)
	}
	if err != nil {
		t.Errorf("write the figures: %v", err)
	}
}
