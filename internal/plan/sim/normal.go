package sim

// normal ends what cannot last, and renumbers what is numbered, so that worlds
// that differ in nothing else are one.
func (w World) normal() World {
	if l := w.leader; l != nobody && (!w.nodes[l].up() || !w.nodes[l].voter() || !w.quorate()) {
		w.leader = nobody
	}
	if w.set.config == w.spec.config {
		w.validated = 0 // nobody asks
	}
	if w.frozen.ordinal == 0 {
		w.frozen = frozen{}
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		n.tidy()
		n.joined = n.alive() && n.holds() && !n.refuses() && (n.joined || w.serves() && n.up() && n.started)
		old := &node{}
		if int(w.frozen.ordinal) == i+1 {
			old = &w.frozen.node
		}
		w.renumber(int8(i), n, old) //nolint:gosec // at most ordinals
	}
	w.settleAuthorities()
	w.estranged()
	return w
}

// tidy forgets what belongs to something that is gone.
func (n *node) tidy() {
	if n.pod == absent {
		n.podUID, n.clients, n.nodeGone, n.config = 0, welcome, false, 0
	}
	if n.pod != running || n.nodeGone {
		n.down, n.hidden = false, false
	}
	if n.pod != running || n.nodeGone || n.down || !n.holds() {
		n.copying = false
	}
	if !n.holds() || n.id == 0 || n.learner {
		n.bloated, n.copying = false, false // the list does not count it, or its data came from the leader
	}
	if n.down && n.clients == gone {
		n.clients = connected // the process that comes back has told nobody
	}
	if n.claim == noClaim && n.pod != running {
		n.claimUID, n.mark, n.class, n.size, n.growing, n.stranded = 0, 0, 0, 0, false, false
		n.volume, n.data, n.admitted, n.alone, n.removed, n.log, n.unapplied = 0, empty, 0, false, false, far, false
	}
	if n.id == 0 {
		n.learner, n.started, n.born = false, false, false
	}
}

func (w *World) renumber(i int8, n, old *node) {
	var store [4][12]*uint8
	ids := append(store[0][:0], &n.id, &n.admitted, &n.mark, &old.id, &old.admitted, &old.mark)
	volumes := append(store[1][:0], &n.volume, &old.volume)
	claims := append(store[2][:0], &n.claimUID, &old.claimUID)
	pods := append(store[3][:0], &n.podUID, &old.podUID)
	for _, o := range [2]*order{&w.pending, &w.late} {
		if o.at == i {
			ids, volumes = append(ids, &o.id), append(volumes, &o.volume)
			claims, pods = append(claims, &o.claimUID), append(pods, &o.podUID)
		}
		if o.to.ordinal == i {
			ids = append(ids, &o.to.id)
		}
	}
	for _, r := range [3]*ref{&w.joining.ref, &w.spec.replace, &w.alarm} {
		if r.ordinal == i {
			ids = append(ids, &r.id)
		}
	}
	if w.joining.ordinal == i {
		volumes = append(volumes, &w.joining.volume)
	}
	for _, refs := range [4][]*uint8{ids, volumes, claims, pods} {
		canonical(refs)
	}
}

// canonical numbers what the references name by first appearance.
func canonical(refs []*uint8) {
	var known [12]uint8
	count := uint8(0)
next:
	for _, r := range refs {
		if *r == 0 {
			continue
		}
		for k := range count {
			if known[k] == *r {
				*r = k + 1
				continue next
			}
		}
		known[count] = *r
		count++
		*r = count
	}
}

// fresh returns a number that nothing in an ordinal bears yet. Worlds are
// normal, so that no number is above what they have references for.
const fresh = 100
