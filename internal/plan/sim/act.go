package sim

import (
	"math/bits"

	"github.com/quorate/quorate/internal/etcd"
)

// do carries out the next effect of an order and returns what is left of it.
// It does what internal/act documents, with the preconditions that act, the
// API server, agents and etcd check at that moment; an effect that is refused
// ends the order.
func (w *World) do(o order) order {
	done := order{}
	switch o.kind {
	case apply:
		w.createSet()
	case resize:
		w.resize(o)
	case renewClaims:
		return w.renewClaims(o)
	case confirm, markVolumes, growClaims, withdraw, welcomeBack, recreate:
		return w.each(o)
	case addLearner:
		w.addLearner(int(o.at))
	case joinMember:
		if o.step == 0 {
			w.joining = joining{ref{o.at, o.id}, o.volume}
			o.step = 1
			return o
		}
		w.join(o)
	case promote:
		w.promote(int(o.at), o.id)
	case moveLeader:
		w.moveLeader(ref{o.at, o.id}, o.to)
	case removeMember:
		w.remove(int(o.at), o.id)
	case disarm:
		w.disarm(o)
	case nudge:
		w.nudge()
	case issue, rotate:
		w.replaceAuthorities(o)
	case clearMember:
		return w.clear(o)
	default:
		w.doPod(o)
	}
	return done
}

func (w *World) replaceAuthorities(o order) {
	switch {
	case o.kind == issue:
		w.authorities.told = w.authorities.stage
	case w.authorities.stage == o.config && o.config < rotated:
		w.authorities.stage++
	}
}

// doPod is what is done to one pod, or to the template of all.
func (w *World) doPod(o order) {
	switch n := &w.nodes[o.at]; o.kind {
	case drain:
		w.drain(o)
	case validate:
		w.validated = o.config + 1
	case followSpec:
		if !w.set.absent {
			w.set.config = o.config
		}
	case restart:
		w.restart(o)
	case defragment:
		w.defragment(o)
	case dropPod:
		if n.nodeGone && n.podUID == o.podUID {
			n.pod = absent
		}
	}
}

// createSet makes a StatefulSet that is missing, with as many pods as there
// are members for all that is known.
func (w *World) createSet() {
	if !w.set.absent {
		return
	}
	reached := w.reached()
	count := w.highest(func(n *node) bool {
		return n.pod != absent || n.claim != noClaim && n.mark != 0 || reached && n.id != 0
	})
	if count == 0 {
		count = int(w.spec.replicas)
	}
	if w.spec.hibernated {
		count = 0
	}
	w.makeSet(int8(count)) //nolint:gosec // at most ordinals
}

func (w *World) makeSet(replicas int8) {
	w.set = statefulSet{replicas: replicas, class: max(1, w.spec.class), size: w.spec.size, config: w.spec.config}
}

func (w *World) resize(o order) {
	if w.set.absent || w.set.replicas != o.from {
		return
	}
	w.set.replicas = o.number
	if o.number == 0 {
		return // hibernation, which a user may have ended a moment ago
	}
	for i := int(o.number); i < ordinals; i++ {
		w.breach(w.nodes[i].voter() && o.from > o.number, "the pod of a voter goes while the list counts it")
	}
}

// renewClaims deletes the StatefulSet, leaving its pods, and makes it anew.
func (w *World) renewClaims(o order) order {
	if o.step == 0 {
		if w.set.absent || w.set.replicas != o.number {
			return order{}
		}
		w.set = statefulSet{absent: true}
		o.step = 1
		return o
	}
	if w.set.absent {
		w.makeSet(o.number)
		w.set.config = o.config
	}
	return order{}
}

// each does one of the members of an order.
func (w *World) each(o order) order {
	i := bits.TrailingZeros8(o.members)
	n := &w.nodes[i]
	if o.several() || n.claimUID == o.claimUID && n.podUID == o.podUID { // the ones that were seen
		w.one(o, n)
	}
	o.members &^= 1 << i
	if o.members == 0 {
		return order{}
	}
	return o
}

func (w *World) one(o order, n *node) {
	switch o.kind {
	case markVolumes:
		w.mark(n)
	case growClaims:
		if size := uint8(o.number); n.claim != noClaim && n.size < size { //nolint:gosec // a small number
			n.size, n.growing = size, true
		}
	case withdraw:
		if n.pod != absent && n.clients == welcome {
			n.clients = leaving
		}
	case welcomeBack:
		w.breach(n.copying, "clients are sent to a member that copies its database")
		n.clients = welcome
	case recreate:
		if n.pod == pending || n.says() && (n.data == corrupt || n.refuses()) {
			n.pod = terminating
		}
	}
}

// mark gives way only to the member that the list shows in its place.
func (w *World) mark(n *node) {
	known := n.claim == bound && n.says() && n.admitted != 0
	if known && (n.mark == 0 || w.reached() && n.id == n.admitted) {
		n.mark = n.admitted
	}
}

// says reports whether the operator hears the agent.
func (n *node) says() bool { return n.alive() && !n.hidden }

// restart is an eviction, which the budget allows or not: it counts who is
// ready, of the voters that there are or shall be.
func (w *World) restart(o order) {
	n := &w.nodes[o.at]
	if n.podUID != o.podUID || n.pod != running && n.pod != pending {
		return
	}
	ready := w.voters(func(i int, _ *node) bool { return w.ready(i) })
	voters := max(w.size(), int(w.spec.replicas))
	allowed := ready
	if w.ready(int(o.at)) {
		allowed--
	}
	if voters > 1 && !etcd.HasQuorum(allowed, voters) {
		return
	}
	n.pod = terminating
}

// defragment is the agent's part: it refuses while it leads others.
func (w *World) defragment(o order) {
	n := &w.nodes[o.at]
	leads := w.leader == o.at && w.size() > 1
	if n.podUID == o.podUID && n.id == o.id && n.voter() && n.up() && !n.hidden && !leads && n.bloated { // one that comes late begins no second one
		n.copying = true
	}
}

// ready is what the kubelet finds.
func (w *World) ready(i int) bool {
	n := &w.nodes[i]
	return n.voter() && n.up() && n.joined && w.serves() && w.alarm.id == 0
}

// join is the agent's part: it refuses another volume, data, and another
// identity than it was once given.
func (w *World) join(o order) bool {
	n := &w.nodes[o.at]
	if !n.alive() || n.hidden || n.volume != o.volume || n.data != empty || n.admitted != 0 && n.admitted != o.id {
		return false
	}
	w.breach(n.id == o.id && n.born && n.admitted != o.id, "an ID goes to a second volume")
	n.born = n.born || n.id == o.id
	n.admitted, n.data, n.log, n.unapplied = o.id, data, far, false
	return true
}

// disarm ends the alarm that names a member.
func (w *World) disarm(o order) {
	if w.reached() && w.alarm == (ref{o.at, o.id}) {
		w.alarm = ref{}
	}
}

// drain sends the clients of a member that is withdrawn away.
func (w *World) drain(o order) {
	if n := &w.nodes[o.at]; n.podUID == o.podUID && n.up() && !n.hidden && n.clients == connected {
		n.clients = gone
	}
}

// clear asks the list again, deletes a claim that it counts no member on, and
// then the pod. Time passes in between: the claim must be as it was read.
func (w *World) clear(o order) order {
	n := &w.nodes[o.at]
	switch o.step {
	case 0:
		other := n.claim != noClaim && n.claimUID != o.claimUID || n.pod != absent && n.podUID != o.podUID
		if !w.reached() || n.id != 0 || other {
			return order{}
		}
		o.id = n.mark
	case 1:
		if n.claim != noClaim && (n.claimUID != o.claimUID || n.mark != o.id) {
			return order{}
		}
		w.breach(n.id != 0 && n.admitted == n.id, "a claim is deleted whose volume holds a member that the list counts")
		if n.claim != noClaim {
			n.claim = deleting
		}
	default:
		if n.pod != absent && n.podUID == o.podUID {
			n.pod = terminating
		}
		return order{}
	}
	o.step++
	return o
}

// breach notes the first promise that is broken.
func (w *World) breach(broken bool, what Breach) {
	if broken && w.broken == "" {
		w.broken = what
	}
}

// Breach says which promise a step broke; empty for none.
type Breach string
