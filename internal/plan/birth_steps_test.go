package plan

import "fmt"

// birthStep is one thing that can happen next.
type birthStep struct {
	name string
	to   birthWorld
}

// nature are the steps that come by themselves: agents come up, members elect
// a leader, and clients write wherever they are served.
func (w birthWorld) nature() []birthStep {
	var steps []birthStep
	for i := range w.n {
		if !w.nodes[i].up {
			next := w
			next.nodes[i].up = true
			steps = append(steps, birthStep{fmt.Sprintf("demo-%d comes up", i), next})
		}
	}
	for token := uint8(1); token <= w.tokens; token++ {
		if next := w; next.elect(token) {
			steps = append(steps, birthStep{fmt.Sprintf("t%d has a leader", token), next})
		}
		if next := w; next.serve(token) {
			steps = append(steps, birthStep{fmt.Sprintf("a client writes to t%d", token), next})
		}
	}
	return steps
}

// elect lets the members of a token that run find each other.
func (w *birthWorld) elect(token uint8) (changed bool) {
	if !w.quorum(token, false) {
		return false
	}
	for i := range w.n {
		if w.runs(i, token) && w.nodes[i].known != token {
			w.nodes[i].known, changed = token, true
		}
	}
	if changed && w.remembers(token) {
		w.broken = birthSecondCluster
	}
	return changed
}

// serve lets a client write through any member that was told to serve.
func (w *birthWorld) serve(token uint8) (changed bool) {
	served := false
	for i := range w.n {
		served = served || w.nodes[i].formed && w.runs(i, token)
	}
	if !served || !w.quorum(token, true) {
		return false
	}
	for i := range w.n {
		if n := &w.nodes[i]; w.runs(i, token) && !n.keys {
			n.keys, changed = true, true
		}
	}
	return changed
}

// operator are the steps of an operator that does not fail: it decides, then
// does. Anything may happen in between.
func (w birthWorld) operator() (birthStep, Decision) {
	if o := w.pending; o.kind != birthNothing {
		w.pending = birthOrder{}
		w.do(o, 0xff)
		return birthStep{"done: " + o.String(), w}, Decision{}
	}
	seen := w.observe()
	d := Next(Desired{Replicas: int(w.n), Version: "3.7.3"}, seen)
	if d.Action != nil {
		w.pending = w.order(d.Action, seen)
	}
	w.frozen = birthView{}
	return birthStep{"decided: " + tell(d), w}, d
}

// faultsOf are the steps that cost one fault each.
func (w birthWorld) faultsOf() []birthStep {
	if w.faults == 0 {
		return nil
	}
	w.faults--
	var steps []birthStep
	add := func(name string, change func(*birthWorld)) {
		next := w
		change(&next)
		steps = append(steps, birthStep{name, next})
	}
	for i := range w.n {
		n := w.nodes[i]
		if n.up {
			add(fmt.Sprintf("demo-%d crashes", i), func(w *birthWorld) { w.nodes[i].up = false })
		}
		if n.contents == birthData && n.known != n.token {
			add(fmt.Sprintf("demo-%d crashes while being born", i), func(w *birthWorld) {
				w.nodes[i].up, w.nodes[i].contents = false, birthUnborn
			})
		}
		add(fmt.Sprintf("demo-%d loses its volume and claim", i), func(w *birthWorld) {
			w.replace(i)
			w.nodes[i].up, w.nodes[i].mark = false, 0
		})
		if w.frozen.ordinal == 0 {
			add(fmt.Sprintf("the operator goes on seeing demo-%d as it is now", i), func(w *birthWorld) {
				w.frozen = birthView{i + 1, n}
			})
		}
	}
	if w.record != (birthRecord{}) {
		add("the EtcdCluster is deleted and applied again", func(w *birthWorld) {
			w.record = birthRecord{}
			if w.pending.records() {
				w.pending = birthOrder{} // another UID
			}
		})
	}
	return append(steps, w.death()...)
}

// death are the ways in which an operator dies over what it has decided.
func (w birthWorld) death() []birthStep {
	o := w.pending
	if o.kind == birthNothing {
		return nil
	}
	w.pending = birthOrder{}
	steps := []birthStep{{"the operator dies before " + o.String(), w}}
	if o.records() {
		return steps
	}
	for i := range w.n {
		if o.members&(1<<i) != 0 && o.members != 1<<i {
			next := w
			next.do(o, 1<<i)
			steps = append(steps, birthStep{fmt.Sprintf("the operator dies having reached demo-%d: %s", i, o), next})
			next = w
			next.do(o, ^uint8(1<<i))
			steps = append(steps, birthStep{fmt.Sprintf("the operator dies having reached all but demo-%d: %s", i, o), next})
		}
	}
	if w.inflight.kind == birthNothing {
		w.inflight = o
		steps = append(steps, birthStep{"the operator dies, and this is on its way: " + o.String(), w})
	}
	return steps
}

// arrival is what an operator sent before it died, arriving after all.
func (w birthWorld) arrival() []birthStep {
	o := w.inflight
	if o.kind == birthNothing {
		return nil
	}
	w.inflight = birthOrder{}
	dropped := w
	w.do(o, 0xff)
	if o.kind == birthDiscard {
		w.broken = birthIntact // sent before the cluster was formed; the agents' guards refuse it
	}
	return []birthStep{{"arrives late: " + o.String(), w}, {"never arrives: " + o.String(), dropped}}
}
