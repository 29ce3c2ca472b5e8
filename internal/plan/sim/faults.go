package sim

// faultsOf are the steps that cost one fault each. Volumes are lost only as
// far as the rest is still a quorum that holds every write: what is beyond
// that is beyond any promise.
func (w *World) faultsOf(s *steps) {
	if w.faults == 0 {
		return
	}
	next := *w
	next.faults--
	for i := range w.nodes {
		next.podFaults(s, i)
		next.volumeFaults(s, i)
	}
	next.operatorFaults(s)
	if !next.set.absent {
		next.try(s, setDeleted, 0, func(w *World) bool { // and its pods with it
			w.set = statefulSet{absent: true}
			for i := range w.nodes {
				if n := &w.nodes[i]; n.pod != absent {
					n.pod = terminating
				}
			}
			return true
		})
	}
}

func (w *World) podFaults(s *steps, i int) {
	n := &w.nodes[i]
	if n.alive() {
		w.try(s, crashes, i, func(w *World) bool { w.nodes[i].down = true; return true })
		w.try(s, podDeleted, i, func(w *World) bool { w.nodes[i].pod = terminating; return true })
		if !n.hidden {
			w.try(s, unreached, i, func(w *World) bool { w.nodes[i].hidden = true; return true })
		}
	}
	if n.pod == running && !n.nodeGone {
		w.try(s, nodeReplaced, i, func(w *World) bool { w.nodes[i].nodeGone = true; return true })
	}
	if w.frozen.ordinal == 0 && w.pending.kind == nothing && n.exists() {
		w.try(s, freezes, i, func(w *World) bool {
			w.frozen = frozen{int8(i + 1), int(w.leader) == i, w.nodes[i]} //nolint:gosec // at most ordinals
			return true
		})
	}
}

func (w *World) volumeFaults(s *steps, i int) {
	n := &w.nodes[i]
	if n.pod == running && !n.nodeGone {
		w.lose(s, nodeDeleted, i, func(n *node) { n.nodeGone, n.stranded, n.hidden = true, true, false })
	}
	if n.claim == noClaim {
		return
	}
	if n.claim == bound {
		w.lose(s, claimDeleted, i, func(n *node) { n.claim = deleting })
	}
	if n.stranded || n.data == empty {
		return
	}
	w.lose(s, volumeEmptied, i, func(n *node) {
		n.volume, n.data, n.admitted, n.alone, n.removed, n.log, n.unapplied = fresh, empty, 0, false, false, far, false
		n.down = n.pod == running
	})
	if n.data == data {
		w.lose(s, volumeCorrupted, i, func(n *node) { n.data, n.log, n.unapplied, n.down = corrupt, far, false, n.pod == running })
	}
	if n.voter() && n.up() && w.alarm.id == 0 && w.size() > 2 {
		w.lose(s, dataDiverges, i, func(n *node) { n.data = diverged })
	}
}

// lose adds a step that costs an ordinal's data.
func (w *World) lose(s *steps, v verb, i int, change func(*node)) {
	next := *w
	change(&next.nodes[i])
	if v == dataDiverges {
		next.alarm = ref{int8(i), next.nodes[i].id} //nolint:gosec // at most ordinals
	}
	after := next
	for k := range after.nodes {
		if n := &after.nodes[k]; n.claim == deleting {
			n.pod = absent // the data goes with the pod
		}
	}
	if !after.recoverable() || !after.safe() {
		if !w.beyond {
			return
		}
		next.excused = true
	}
	s.add(v, i, next)
}

// operatorFaults are the ways in which an operator fails in the middle of what
// it has decided. One that did all and lost the reply is one that acts: it
// remembers nothing.
func (w *World) operatorFaults(s *steps) {
	o := w.pending
	if o.kind == nothing {
		return
	}
	named := func(v verb, next World) {
		s.add(v, 0, next)
		(*s)[len(*s)-1].text = o.String()
	}
	next := *w
	next.pending = order{}
	named(fails, next)
	if next.late.kind == nothing && !o.fleeting() {
		hung := next
		hung.late = o
		named(hangs, hung)
	}
	if o.kind == joinMember && o.step > 0 {
		short := next
		if n := &short.nodes[o.at]; short.join(o) {
			n.data, n.down = empty, true // admitted, and nothing laid
			s.add(isCutShort, int(o.at), short)
		}
	}
	if rest := next.do(o); rest.kind != nothing {
		named(dies, next)
	}
}
