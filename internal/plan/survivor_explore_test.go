package plan

import (
	"testing"

	"github.com/quorate/quorate/internal/etcd"
)

// What may happen in any order: nodes go out of reach with what runs on them, come
// back, volumes are destroyed, a person declares lost whoever is silent, rightly or
// not, and takes the EtcdRestore back, and operators die with a request on its way.
// Never does a quorum of old members run once another one has survived, however late
// they come back. And of those that are there who survives has most.
func TestSurvivorInEveryHistory(t *testing.T) {
	t.Parallel()
	for _, start := range []ruin{newRuin(3, 5), newRuin(5, 4)} {
		broken, survived, ruins := exploreRuins(t, start, func(d Decision, _ *ruin) Decision { return d })
		if broken != "" {
			t.Errorf("of %d: %s", start.of, broken)
		}
		if survived < 50 {
			t.Errorf("of %d: only %d worlds have a survivor", start.of, survived)
		}
		t.Logf("of %d: %d worlds, %d with a survivor", start.of, ruins, survived)
	}
}

// Planners that are not as careful are found out.
func TestSurvivorMutants(t *testing.T) {
	t.Parallel()
	for name, mutant := range map[string]func(Decision, *ruin) Decision{
		"survives before the others are out of reach": func(d Decision, r *ruin) Decision {
			_, gives := d.Action.(GiveUp)
			waits := d.Rule == "survivor" && d.Outcome != OutcomeAct && r.active
			if gives || waits {
				return anyHalted(d, r)
			}
			return d
		},
		"takes the first for the survivor": func(d Decision, r *ruin) Decision {
			if _, ok := d.Action.(Survive); ok {
				return anyHalted(d, r)
			}
			return d
		},
		"takes silence for a loss": func(d Decision, r *ruin) Decision {
			if d.Rule != "survivor" || d.Outcome == OutcomeAct || !r.active && !r.request {
				return d
			}
			for i, n := range r.nodes {
				if n.away == there && n.runs() {
					return Decision{Outcome: OutcomeAct, Action: Halt{memberNames([]Member{{Name: ruinName(i)}}), "u1"}}
				}
			}
			return anyHalted(d, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			small, _, _ := exploreRuins(t, newRuin(3, 4), mutant)
			large, _, _ := exploreRuins(t, newRuin(5, 4), mutant)
			if small == "" && large == "" {
				t.Error("nothing was found")
			}
		})
	}
}

func anyHalted(d Decision, r *ruin) Decision {
	for i, n := range r.nodes {
		if n.halted {
			return Decision{Outcome: OutcomeAct, Action: Survive{Name: ruinName(i), ID: ruinID(i), Grant: "u1"}}
		}
	}
	return d
}

// exploreRuins goes through all that may happen, and returns the first breach.
func exploreRuins(t *testing.T, start ruin, change func(Decision, *ruin) Decision) (broken string, survived, ruins int) {
	t.Helper()
	seen := map[ruin]bool{start: true}
	queue := []ruin{start}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		if r.someone() {
			survived++
			if etcd.HasQuorum(r.reunited(), int(r.of)) {
				return "a quorum of old members runs, and another one has survived", survived, len(seen)
			}
		}
		if r.broken != "" {
			return r.broken, survived, len(seen)
		}
		for _, next := range append(r.happens(), r.decides(change)...) {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return "", survived, len(seen)
}

func (r *ruin) someone() bool {
	for _, n := range r.nodes {
		if n.survived {
			return true
		}
	}
	return false
}

// happens are all worlds that may come by themselves, or by a fault or a person.
func (r *ruin) happens() (worlds []ruin) {
	to := func(cost int8, change func(*ruin)) {
		if r.faults < cost {
			return
		}
		next := *r
		next.faults -= cost
		change(&next)
		if next != *r {
			worlds = append(worlds, next)
		}
	}
	if r.late.what != "" {
		to(0, func(w *ruin) { w.late = lateCall{}; w.arrive(r.late) })
	}
	if r.request && !r.someone() {
		to(1, func(w *ruin) { w.request = false })
	}
	for i := range r.nodes {
		n := r.nodes[i]
		to(0, func(w *ruin) { w.nodes[i].settle() })
		if n.away != there {
			to(0, func(w *ruin) { w.nodes[i].away = there })
			to(1, func(w *ruin) { w.nodes[i].named = true })
		} else if !r.someone() {
			to(1, func(w *ruin) { w.nodes[i].away = hidden })
			to(1, func(w *ruin) { w.nodes[i].away = off })
			if n.data && !n.halted && i > 0 {
				to(1, func(w *ruin) { w.nodes[i] = ruined{pod: PodAbsent} })
			}
			if i == 2 && n.runs() {
				to(1, func(w *ruin) { w.nodes[i].ahead = true })
			}
		}
	}
	return worlds
}

// settle is what Kubernetes does with one member.
func (n *ruined) settle() {
	switch {
	case n.away != there:
	case n.pod == PodTerminating:
		n.pod = PodAbsent
	case n.pod == PodAbsent && n.claim == claimLeaving:
		n.claim, n.data, n.ahead, n.halted = claimGone, false, false, false
	case n.pod == PodAbsent:
		n.pod = PodRunning
		if n.claim == claimGone {
			n.claim = claimNew
		}
	}
}

// decides is what the operator does of what it sees: all of it, only to some, or
// later than it wanted.
func (r *ruin) decides(change func(Decision, *ruin) Decision) (worlds []ruin) {
	d := change(Next(Desired{Replicas: int(r.of), Version: "3.7.3"}, r.observation()), r)
	next := *r
	var calls []lateCall
	switch a := d.Action.(type) {
	case BeginRestore:
		next.active = true
	case ForgetRestore:
		next.active, next.chosen = false, 0
	case Halt:
		what := "halt"
		if a.Grant == "" {
			what = "start"
		}
		for _, name := range a.Members {
			calls = append(calls, lateCall{what, int8(ruinIndex(name))}) //nolint:gosec // at most 2
		}
	case GiveUp:
		calls = append(calls, lateCall{"delete", int8(ruinIndex(a.Name))}) //nolint:gosec // at most 2
	case Survive:
		next.chosen = int8(ruinIndex(a.Name)) + 1 //nolint:gosec // at most 3
		calls = append(calls, lateCall{"survive", next.chosen - 1})
	default:
		return nil // what ordinary rules do is told by stories, and by the simulator
	}
	for i, c := range calls {
		if r.faults > 0 && r.late.what == "" {
			some := next
			some.faults--
			some.late = c
			worlds = append(worlds, some)
		}
		next.arrive(c)
		if i < len(calls)-1 {
			worlds = append(worlds, next)
		}
	}
	return append(worlds, next)
}
