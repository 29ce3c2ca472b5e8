package sim

import (
	"fmt"
	"hash/maphash"
	"strings"
)

// Options bound an exploration.
type Options struct {
	// Members is how many there are at first, Limit how many a user asks for at most.
	Members, Limit int
	// Faults and Changes are how many of them may happen.
	Faults, Changes int
	// Depth is how many steps are followed; zero: all.
	Depth int
	// Configs is how many revisions a user tries of what members are started
	// with: the third one is bad. Zero or one: it never changes.
	Configs int
	// Idle: a database that the leader has sent counts as applied with the next entry.
	Idle bool
	// Bloats: half of a database may become free, and is given back.
	Bloats bool
	// Rotates: the certificate authorities may be replaced.
	Rotates bool
	// Beyond: faults may take more than a quorum survives.
	Beyond bool
	Laws   Laws
	// Prepare changes the world at the beginning, as a user might.
	Prepare func(*World)
	// Stop ends the exploration early; nil: never.
	Stop func() bool
	// known are breaches that are let pass.
	known []string
}

// Result is what an exploration found.
type Result struct {
	// States is how many worlds were visited, Depth how many steps away the
	// farthest is.
	States, Depth int
	// Cut: the exploration was stopped before its end.
	Cut bool
	// Counterexample tells how a promise is broken; empty when none is.
	Counterexample string
	// Story is the same as a script that replays.
	Story []string
	// Actions counts how often each action was decided.
	Actions map[string]int
}

// visited remembers worlds by their hash: 64 bits, so that among ten million
// worlds two are mistaken for one with a chance of one in four hundred thousand.
type visited struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

func newVisited() visited { return visited{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (v visited) has(w World) bool {
	_, ok := v.hashes[maphash.Comparable(v.seed, w)]
	return ok
}

// add reports whether the world is new.
func (v visited) add(w World) bool {
	h := maphash.Comparable(v.seed, w)
	if _, ok := v.hashes[h]; ok {
		return false
	}
	v.hashes[h] = struct{}{}
	return true
}

// start is the world in which an exploration begins.
func (o Options) start() World {
	w := New(o.Members)
	w.faults, w.changes = int8(o.Faults), int8(o.Changes) //nolint:gosec // small numbers
	w.limit = max(w.limit, int8(o.Limit))                 //nolint:gosec // small numbers
	w.bloats, w.rotates, w.idles = o.Bloats, o.Rotates, o.Idle
	w.beyond, w.laws, w.configs = o.Beyond, o.Laws, uint8(o.Configs) //nolint:gosec // at most configs
	if o.Prepare != nil {
		o.Prepare(&w)
	}
	return w.normal()
}

// edge is how a world came to be: the step of its parent.
type edge struct {
	parent int32
	step   int16
	depth  int16
}

// Explore follows every step from the start, the shortest way first, until a
// promise is broken or nothing new is found.
func Explore(o Options) Result {
	start := o.start()
	seen, rests := newVisited(), newVisited()
	seen.add(start)
	edges := []edge{{parent: -1}}
	queue := []World{start}
	r := Result{Actions: map[string]int{}}
	for at := 0; len(queue) > 0; at++ {
		w := queue[0]
		queue = queue[1:]
		depth := edges[at].depth
		r.Depth = int(depth)
		if o.breaks(w, rests) != "" {
			r.States = len(edges)
			r.Story = storyOf(start, edges, at)
			r.Counterexample = o.Tell(r.Story)
			return r
		}
		if o.Stop != nil && at%256 == 0 && o.Stop() {
			r.Cut = true
			break
		}
		if o.Depth > 0 && int(depth) >= o.Depth {
			continue
		}
		for k, s := range w.Steps() {
			if seen.add(s.to) {
				r.count(s)
				edges = append(edges, edge{int32(at), int16(k), depth + 1}) //nolint:gosec // few steps
				queue = append(queue, s.to)
			}
		}
	}
	r.States = len(edges)
	return r
}

// count notes what the operator decides in a step.
func (r *Result) count(s Step) {
	if s.verb == decides && s.to.pending.kind != nothing {
		r.Actions[kindNames[s.to.pending.kind]]++
	}
}

// storyOf lists the steps that lead to a world.
func storyOf(start World, edges []edge, at int) []string {
	var picks []int
	for ; edges[at].parent >= 0; at = int(edges[at].parent) {
		picks = append(picks, int(edges[at].step))
	}
	var story []string
	w := start
	for i := len(picks) - 1; i >= 0; i-- {
		s := w.Steps()[picks[i]]
		story = append(story, s.String())
		w = s.to
	}
	return story
}

// Tell replays a story and tells what the operator decided on its way, and how
// it ends.
func (o Options) Tell(story []string) string {
	var out strings.Builder
	w := o.start()
	for _, line := range story {
		s, ok := w.find(line)
		if !ok {
			fmt.Fprintf(&out, "%s: this cannot happen here\n", line)
			return out.String()
		}
		out.WriteString(s.tale(&w))
		w = s.to
	}
	broken, after := string(w.broken), ""
	if broken == "" {
		broken, after = w.comesToRest(newVisited())
	}
	return out.String() + after + broken + "\n"
}

// find returns the step of that name.
func (w *World) find(line string) (Step, bool) {
	for _, s := range w.Steps() {
		if s.String() == line {
			return s, true
		}
	}
	return Step{}, false
}

// tale is a step with what was decided or done in it.
func (s Step) tale(w *World) string {
	switch s.verb {
	case decides:
		d := w.Decide(false)
		return fmt.Sprintf("%s\n    %s\n", s, tell(d))
	case acts:
		return fmt.Sprintf("%s\n    done: %s\n", s, s.text)
	default:
		return s.String() + "\n"
	}
}
