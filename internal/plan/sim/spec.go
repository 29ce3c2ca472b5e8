package sim

// wishes are what a user may do to the spec; each costs a change.
func (w *World) wishes(s *steps) {
	if w.changes == 0 {
		return
	}
	next := *w
	next.changes--
	next.sizeWishes(s)
	if next.rotates && !next.authorities.asked {
		next.try(s, rotates, 0, func(w *World) bool { w.authorities.asked = true; return true })
	}
	if next.spec.hibernated {
		next.try(s, wakes, 0, func(w *World) bool { w.spec.hibernated = false; return true })
	} else {
		next.try(s, hibernates, 0, func(w *World) bool { w.spec.hibernated = true; return true })
	}
	if next.spec.paused {
		next.try(s, resumes, 0, func(w *World) bool { w.spec.paused = false; return true })
	} else {
		next.try(s, pauses, 0, func(w *World) bool { w.spec.paused = true; return true })
	}
	for i := range next.nodes {
		if n := &next.nodes[i]; next.bloats && n.voter() && n.holds() && !n.bloated {
			next.try(s, bloats, i, func(w *World) bool { w.nodes[i].bloated = true; return true })
		}
		if n := &next.nodes[i]; n.id != 0 {
			next.try(s, replaces, i, func(w *World) bool {
				r := ref{int8(i), w.nodes[i].id} //nolint:gosec // at most ordinals
				changed := w.spec.replace != r
				w.spec.replace = r
				return changed
			})
		}
	}
}

// sizeWishes change how many members there are, and on what volumes.
func (w *World) sizeWishes(s *steps) {
	for _, replicas := range []int8{1, 3, 5} {
		if replicas != w.spec.replicas && replicas <= w.limit {
			w.try(s, scales, int(replicas), func(w *World) bool { w.spec.replicas = replicas; return true })
		}
	}
	for _, class := range []uint8{1, 2} {
		if class != w.spec.class && (w.spec.class != 0 || class == 2) {
			w.try(s, changesClass, int(class), func(w *World) bool { w.spec.class = class; return true })
		}
	}
	for _, config := range []uint8{0, 1, badConfig} {
		if config != w.spec.config && config < w.configs {
			w.try(s, changesConfig, int(config), func(w *World) bool { w.spec.config = config; return true })
		}
	}
	if w.spec.size == 1 {
		w.try(s, growsSpec, 2, func(w *World) bool { w.spec.size = 2; return true })
	}
}
