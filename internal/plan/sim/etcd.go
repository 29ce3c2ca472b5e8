package sim

import "github.com/quorate/quorate/internal/etcd"

// elect makes a voter that runs the leader, if a quorum gives it its votes:
// those whose log is not longer.
func (w *World) elect(i int) bool {
	c := &w.nodes[i]
	if w.serves() || !c.voter() || !c.up() {
		return false
	}
	votes := w.voters(func(_ int, n *node) bool { return n.up() && n.log <= c.log })
	if !etcd.HasQuorum(votes, w.size()) {
		return false
	}
	w.leader = int8(i) //nolint:gosec // at most ordinals
	if c.log != current {
		w.breach(!w.excused, "a leader was elected that lacks acknowledged writes")
		c.log = current
	}
	return true
}

// write acknowledges a write that these voters hold, and nobody else.
func (w *World) write(holders uint8) bool {
	before := *w
	for i := range w.nodes {
		n := &w.nodes[i]
		switch {
		case n.id == 0 || !n.holds():
		case holders&(1<<i) != 0:
			n.log, n.unapplied = current, false
		default:
			n.log, n.unapplied = min(n.log, behind), false
		}
	}
	return *w != before
}

// commit writes a change of the membership to all voters that run.
func (w *World) commit() {
	var holders uint8
	for i := range w.nodes {
		if n := &w.nodes[i]; n.voter() && n.up() {
			holders |= 1 << i
		}
	}
	w.write(holders)
}

// nudge commits an entry that changes nothing.
func (w *World) nudge() {
	if w.reached() {
		w.commit()
	}
}

// quorums are the smallest sets of running voters that can acknowledge a write,
// the leader among them.
func (w *World) quorums() (sets []uint8) {
	if !w.serves() || w.alarm.id != 0 {
		return nil
	}
	var up uint8
	for i := range w.nodes {
		if n := &w.nodes[i]; n.voter() && n.up() {
			up |= 1 << i
		}
	}
	want := etcd.Quorum(w.size())
	for set := uint8(1); set < 1<<ordinals; set++ {
		if set&^up == 0 && set&(1<<w.leader) != 0 && ones(set) == want {
			sets = append(sets, set)
		}
	}
	return sets
}

func ones(set uint8) (count int) {
	for ; set != 0; set &= set - 1 {
		count++
	}
	return count
}

// addLearner is MemberAddAsLearner under StrictReconfigCheck. A world may be
// told to forget what a learner is, to see that this is found.
func (w *World) addLearner(i int) bool {
	n := &w.nodes[i]
	voters := w.size()
	enough := voters == 1 || w.connected() >= etcd.Quorum(voters+1)
	if !w.reached() || n.id != 0 || w.learners() > 0 || !enough {
		return false
	}
	w.commit()
	n.id, n.learner, n.started, n.born = fresh, !w.laws.AddsVoters, false, false
	w.breach(!n.learner, "a member is added as a voter")
	return true
}

// promote is MemberPromote: refused under 90 % of the leader's log.
func (w *World) promote(i int, id uint8) bool {
	n := &w.nodes[i]
	if !w.reached() || n.id != id || !n.learner || !n.up() || n.log == far {
		return false
	}
	started := w.voters(func(_ int, n *node) bool { return n.started }) + 1
	if started < etcd.Quorum(w.size()+1) {
		return false
	}
	w.commit()
	n.learner = false
	return true
}

// remove is MemberRemove under StrictReconfigCheck: one that is down may always
// go, one that runs only if the rest is connected.
func (w *World) remove(i int, id uint8) bool {
	n := &w.nodes[i]
	if !w.reached() || n.id != id {
		return false
	}
	if n.voter() {
		rest := w.size() - 1
		started := w.voters(func(k int, n *node) bool { return k != i && n.started })
		others := w.voters(func(k int, n *node) bool { return k != i && n.up() })
		if rest == 0 || started < etcd.Quorum(rest) || n.up() && others < etcd.Quorum(rest) {
			return false
		}
	}
	w.commit()
	n.id = 0
	return true
}

// moveLeader hands leadership to a voter that runs: it catches up first.
func (w *World) moveLeader(from, to ref) bool {
	n := &w.nodes[to.ordinal]
	if w.leader != from.ordinal || w.nodes[from.ordinal].id != from.id || n.id != to.id || !n.voter() || !n.up() || w.nodes[from.ordinal].hidden {
		return false
	}
	w.leader, n.log = to.ordinal, current
	return true
}
