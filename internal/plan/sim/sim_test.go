package sim

import (
	"slices"
	"testing"
	"time"
)

// TestEveryHistory follows every history of the standard scenarios: whatever
// the order of steps and the place of the faults, no promise breaks, and once
// the faults end the cluster comes to rest as the spec asks.
func TestEveryHistory(t *testing.T) {
	t.Parallel()
	began := time.Now()
	actions := map[string]int{}
	states := 0
	for _, s := range Standard() {
		r := Explore(s.Options)
		if r.Counterexample != "" {
			t.Fatalf("%s:\n%s", s.Name, r.Counterexample)
		}
		t.Logf("%8d states, at most %3d steps away: %s", r.States, r.Depth, s.Name)
		states += r.States
		for action, count := range r.Actions {
			actions[action] += count
		}
	}
	t.Logf("%8d states in %v", states, time.Since(began).Round(time.Millisecond))
	for k, name := range kindNames {
		if kind(k) != nothing && kind(k) != confirm && actions[name] == 0 {
			t.Errorf("%s was never decided: the exploration does not see that rule", name)
		}
	}
}

// TestRandomHistories walks through larger worlds, the same ways each time.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for _, s := range Wide() {
		r := Walk(s.Options, 1, 60, 250)
		if r.Counterexample != "" {
			t.Fatalf("%s:\n%s", s.Name, r.Counterexample)
		}
		t.Logf("%8d states: %s", r.States, s.Name)
	}
}

// TestWalksRepeat holds a walk to its seed: without that no seed is worth
// printing.
func TestWalksRepeat(t *testing.T) {
	t.Parallel()
	o := Options{Members: 3, Limit: 5, Faults: 8, Changes: 4}
	first, again, other := Walk(o, 7, 5, 100), Walk(o, 7, 5, 100), Walk(o, 8, 5, 100)
	if first.States != again.States {
		t.Errorf("the same seed led to %d and to %d states", first.States, again.States)
	}
	if first.States == other.States {
		t.Errorf("two seeds led to the same %d states", other.States)
	}
}

// TestNormalWorldsStay: a world that is normal is not changed by being made
// so again, and its steps do not change it.
func TestNormalWorldsStay(t *testing.T) {
	t.Parallel()
	o := Options{Members: 3, Faults: 3, Changes: 2}
	w := o.start()
	for k := range 400 {
		if w.normal() != w {
			t.Fatalf("step %d leads to a world that is not normal: %+v", k, w)
		}
		before := w
		all := w.Steps()
		if w != before {
			t.Fatalf("step %d: looking for the next steps changed the world", k)
		}
		names := map[string]bool{}
		for _, s := range all {
			if names[s.String()] {
				t.Fatalf("step %d: two steps are called %q", k, s)
			}
			names[s.String()] = true
		}
		if len(all) == 0 {
			break
		}
		w = all[k*7%len(all)].to
	}
}

// TestQuorums: the sets that can acknowledge a write are the smallest
// majorities of those that run, with the leader.
func TestQuorums(t *testing.T) {
	t.Parallel()
	w := New(3)
	w.leader = 1
	if got := w.quorums(); !slices.Equal(got, []uint8{0b011, 0b110}) {
		t.Errorf("of three that run: %b", got)
	}
	w.nodes[0].down = true
	if got := w.quorums(); !slices.Equal(got, []uint8{0b110}) {
		t.Errorf("of two that run: %b", got)
	}
	w.nodes[2].down = true
	if w = w.normal(); w.quorums() != nil {
		t.Errorf("one of three acknowledges: %b", w.quorums())
	}
}
