package sim

// nature are the steps that come by themselves, sooner or later: Kubernetes,
// agents and etcd do their work, and what was out of reach comes back.
func (w *World) nature(s *steps) {
	if w.frozen.ordinal != 0 {
		next := *w
		next.frozen = frozen{}
		s.add(catchesUp, 0, next)
	}
	for i := range w.nodes {
		w.kubernetes(s, i)
		w.member1(s, i)
	}
	if w.serves() {
		return
	}
	for i := range w.nodes {
		w.try(s, isElected, i, func(w *World) bool { return w.elect(i) })
	}
}

// kubernetes is what becomes of a pod and its claim.
func (w *World) kubernetes(s *steps, i int) {
	n := &w.nodes[i]
	set := func(v verb, change func(*node)) {
		next := *w
		change(&next.nodes[i])
		s.add(v, i, next)
	}
	switch {
	case n.claim == deleting && (n.pod == absent || n.pod == pending):
		set(claimGoes, func(n *node) { n.claim = noClaim })
	case n.pod == terminating && !n.nodeGone:
		set(podGoes, func(n *node) { n.pod = absent })
	case !w.set.absent && i < int(w.set.replicas):
		w.wanted(n, set)
	case !w.set.absent && (n.pod == pending || n.pod == running):
		set(isStopped, func(n *node) { n.pod = terminating })
	case n.pod == pending && n.claim == bound && !n.stranded:
		set(starts, w.boot)
	}
	if n.clients == leaving {
		set(clientsGo, func(n *node) { n.clients = connected })
	}
	if n.growing && n.pod == running {
		set(grows, func(n *node) { n.growing = false })
	}
}

// wanted is what becomes of a pod that the StatefulSet asks for.
func (w *World) wanted(n *node, set func(verb, func(*node))) {
	switch {
	case n.pod == absent:
		set(getsPod, func(n *node) {
			n.pod, n.podUID, n.clients, n.config = pending, fresh, welcome, w.set.config
			w.claim(n)
		})
	case n.pod == pending && n.claim == noClaim:
		set(getsPod, w.claim)
	case n.pod == pending && n.claim == bound && !n.stranded:
		set(starts, w.boot)
	}
}

// boot starts a pod, which mounts the Secret as it is.
func (w *World) boot(n *node) {
	n.pod, n.disk, n.loaded = running, w.authorities.told, w.authorities.told
}

// claim makes the claim of a pod, with an empty volume.
func (w *World) claim(n *node) {
	if n.claim != noClaim {
		return
	}
	n.claim, n.claimUID, n.class, n.size = bound, fresh, w.set.class, w.set.size
	n.volume = fresh
}

// member1 is what becomes of a process.
func (w *World) member1(s *steps, i int) {
	n := &w.nodes[i]
	if n.down && !n.nodeGone && !w.stuck {
		w.try(s, comesBack, i, func(w *World) bool { w.nodes[i].down = false; return true })
	}
	if n.hidden && !w.stuck {
		w.try(s, isReached, i, func(w *World) bool { w.nodes[i].hidden = false; return true })
	}
	w.delivery(s, i)
	if !n.alive() || !n.holds() {
		return
	}
	if n.copying {
		w.try(s, isCopied, i, func(w *World) bool { w.nodes[i].copying, w.nodes[i].bloated = false, false; return true })
	}
	switch {
	case n.admitted != n.id && !n.removed && w.connected() > 0: // any member that stays tells it
		w.try(s, learnsRemoval, i, func(w *World) bool { w.nodes[i].removed = true; return true })
	case !n.up() || !w.serves():
	case !n.started:
		w.try(s, publishes, i, func(w *World) bool { w.nodes[i].started = true; return true })
	case n.log != current:
		w.try(s, replicates, i, func(w *World) bool {
			n := &w.nodes[i]
			n.log, n.unapplied = current, w.idles && n.log == far
			return true
		})
	}
}

// chance is what may happen by itself, and may as well not.
func (w *World) chance(s *steps) {
	for i := range w.nodes {
		if n := &w.nodes[i]; n.nodeGone && n.pod != absent {
			w.try(s, podIsCollected, i, func(w *World) bool { w.nodes[i].pod = absent; return true })
		}
	}
	for _, set := range w.quorums() {
		w.try(s, writes, int(set), func(w *World) bool { return w.write(set) })
	}
	if w.late.kind != nothing {
		next, o := *w, w.late
		next.late = order{}
		next.do(o)
		s.add(arrives, 0, next)
		(*s)[len(*s)-1].text = o.String()
	}
}
