package sim

import (
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// judge says which promise it breaks to decide on an action in this world. It
// looks at the truth, and knows nothing of the rules.
func (w *World) judge(a plan.Action) Breach {
	switch a := a.(type) {
	case plan.Resize:
		return w.judgeResize(a)
	case plan.AddLearner:
		return w.judgeAddLearner(a)
	case plan.Join:
		return w.judgeJoin(a)
	case plan.Promote:
		return w.judgePromote(&w.nodes[ordinal(a.Name)])
	case plan.MoveLeader:
		return w.judgeMoveLeader(a)
	case plan.RemoveMember:
		return w.judgeRemove(int(ordinal(a.Name)), refOf(a.ID).id)
	case plan.Withdraw:
		return w.judgeWithdraw(a)
	case plan.Clear:
		return w.judgeClear(int(ordinal(a.Name)))
	case plan.Restart:
		return w.judgeRestart(int(ordinal(a.Name)))
	case plan.Defragment:
		return w.judgeDefragment(int(ordinal(a.Name)))
	case plan.DropPod:
		n := &w.nodes[ordinal(a.Name)]
		return when(n.pod == running && !n.nodeGone, "a pod is ended by force whose node is there")
	default:
		return ""
	}
}

func (w *World) judgeMoveLeader(a plan.MoveLeader) Breach {
	if from := int(ordinal(a.From)); !w.evidence(from) && !w.nodes[from].bloated {
		if !w.stale(from) {
			return "leadership moves away from a member that stays"
		}
		if w.voters(func(i int, _ *node) bool { return i != from && w.stale(i) && !w.evidence(i) }) > 0 {
			return "leadership moves before the followers have restarted"
		}
	}
	return when(!w.sound(int(ordinal(a.To))), "leadership goes to a member that cannot lead")
}

func when(broken bool, what Breach) Breach {
	if broken {
		return what
	}
	return ""
}

// sound reports whether a voter takes part in the quorum with good data.
func (w *World) sound(i int) bool {
	n := &w.nodes[i]
	return n.voter() && n.up() && n.data == data && !n.copying
}

// soundWithout counts the sound voters other than one.
func (w *World) soundWithout(but int) int {
	return w.voters(func(i int, _ *node) bool { return i != but && w.sound(i) })
}

func (w *World) judgeResize(a plan.Resize) Breach {
	if w.spec.hibernated {
		return when(a.To != 0, "pods start in hibernation")
	}
	left := w.highest(func(n *node) bool { return n.id != 0 && (n.claim != noClaim || a.To < a.From) })
	return when(left > a.To, "the pod of a member goes, or does not come back, while the list counts it")
}

func (w *World) judgeAddLearner(a plan.AddLearner) Breach {
	i := int(ordinal(a.Name))
	n := &w.nodes[i]
	switch {
	case w.learners() > 0:
		return "two learners at a time"
	case n.id != 0:
		return "a member is added whose address is in use"
	case !n.alive() || n.data != empty || n.admitted != 0:
		return "a member is added whose volume is not empty and waiting"
	case i > int(w.spec.replicas) || i == int(w.spec.replicas) && !w.moving():
		return "a member is added that the spec does not ask for"
	default:
		return ""
	}
}

// moving reports whether a member has to leave its volume while the size stays.
func (w *World) moving() bool {
	for i := range int(w.spec.replicas) {
		n := &w.nodes[i]
		if w.misplaced(n) || n.claim == deleting || n.id != 0 && w.spec.replace == (ref{int8(i), n.id}) { //nolint:gosec // at most ordinals
			return true
		}
	}
	return w.spec.replicas == 1 && !w.nodes[0].voter()
}

func (w *World) misplaced(n *node) bool {
	return n.claim != noClaim && w.spec.class != 0 && n.class != w.spec.class
}

func (w *World) judgeJoin(a plan.Join) Breach {
	i := int(ordinal(a.Name))
	n := &w.nodes[i]
	switch {
	case n.id == 0 || n.id != refOf(a.ID).id:
		return "a volume is admitted as a member that the list does not show"
	case !n.learner || n.started:
		return "a volume is admitted as a member that has started before"
	case n.born && n.admitted != n.id:
		return "an ID goes to a second volume"
	default:
		return ""
	}
}

func (w *World) judgePromote(n *node) Breach {
	switch {
	case n.log == far || !n.started || !n.up():
		return "a learner is to vote that has not caught up"
	case !etcd.HasQuorum(w.soundWithout(nobody)+1, w.size()+1):
		return "a promotion leaves fewer sound voters than a quorum"
	default:
		return ""
	}
}

func (w *World) judgeRemove(i int, id uint8) Breach {
	n := &w.nodes[i]
	if n.id == 0 || n.id != id {
		return ""
	}
	switch {
	case !w.evidence(i):
		return "a member is removed without evidence or need"
	case n.learner:
		return ""
	case !etcd.HasQuorum(w.soundWithout(i), w.size()-1):
		return "a removal leaves fewer sound voters than a quorum"
	case int(w.leader) == i && w.soundWithout(i) > 0:
		return "the leader is removed while another can take over"
	case w.sound(i) && !n.hidden:
		return w.judgeExit(i)
	default:
		return ""
	}
}

// judgeExit is about a voter that is well and has to leave.
func (w *World) judgeExit(i int) Breach {
	n, replicas := &w.nodes[i], int(w.spec.replicas)
	switch {
	case n.clients != gone && w.size() > 1:
		return "a member is removed to which clients are still sent, or connected"
	case w.learners() > 0:
		return "a sound voter is removed while a learner joins"
	case !w.doomed(i) && w.voters(func(k int, _ *node) bool { return w.doomed(k) }) > 0:
		return "a voter on a good volume goes before one on a volume that ends with its pod"
	case w.lost(i):
		return ""
	case i >= replicas && w.higher(i):
		return "the size shrinks from the middle"
	case i < replicas && w.size() <= replicas:
		return "a member moves to another class before another one has come"
	default:
		return ""
	}
}

// doomed reports whether a member runs on a volume that ends with its pod.
func (w *World) doomed(i int) bool {
	return w.nodes[i].claim == deleting && w.sound(i) && !w.nodes[i].hidden
}

// higher reports whether a sound voter with a higher ordinal stays.
func (w *World) higher(i int) bool {
	return w.voters(func(k int, _ *node) bool { return k > i }) > 0
}

// stale reports whether a pod was made from another spec.
func (w *World) stale(i int) bool {
	return w.nodes[i].config != w.spec.config || w.nodes[i].restless()
}

func (w *World) judgeRestart(i int) Breach {
	n := &w.nodes[i]
	away := w.voters(func(k int, _ *node) bool { return k != i && !w.sound(k) })
	others := w.soundWithout(i)
	switch {
	case n.id == 0 || n.pod != running:
		return "" // it happened meanwhile
	case !w.stale(i):
		return "a member restarts that runs what the spec asks for"
	case n.hidden:
		return "a member restarts of which nothing is known"
	case n.claim == deleting:
		return "a member restarts whose volume ends with its pod"
	case w.size() > 1 && !etcd.HasQuorum(others, w.size()):
		return "a restart leaves fewer sound voters than a quorum"
	case away > 0:
		return "a member restarts while another one is away"
	case int(w.leader) == i && others > 0:
		return "the leader is restarted while another can take over"
	case w.sound(i) && n.clients != gone && w.size() > 1:
		return "a member is restarted to which clients are still sent, or connected"
	case w.learners() > 0:
		return "a member restarts while a learner joins"
	case w.set.config != w.spec.config:
		return "a member restarts on what the spec does not ask for"
	default:
		return ""
	}
}

func (w *World) judgeDefragment(i int) Breach {
	n := &w.nodes[i]
	away := w.voters(func(k int, _ *node) bool { return k != i && !w.sound(k) })
	switch {
	case n.id == 0 || n.pod != running:
		return "" // it happened meanwhile
	case !n.bloated:
		return "a database is copied of which nothing is free"
	case n.copying || w.voters(func(_ int, n *node) bool { return n.copying }) > 0:
		return "two databases are copied at a time"
	case away > 0:
		return "a database is copied while another member is away"
	case n.learner || w.learners() > 0:
		return "a database is copied while a learner joins"
	case w.size() == 1:
		return ""
	case int(w.leader) == i:
		return "the leader's database is copied while another can take over"
	case n.clients != gone:
		return "a database is copied of a member to which clients are still sent, or connected"
	default:
		return ""
	}
}

// evidence reports whether there is any reason to take a member away.
func (w *World) evidence(i int) bool {
	return i >= int(w.spec.replicas) || w.misplaced(&w.nodes[i]) || w.lost(i)
}

// lost reports whether something besides silence says that a member's data is
// gone, or somebody does.
func (w *World) lost(i int) bool {
	n := &w.nodes[i]
	self := ref{int8(i), n.id} //nolint:gosec // at most ordinals
	switch {
	case w.spec.replace == self || w.alarm == self:
		return true
	case n.claim != bound || n.stranded:
		return true
	default:
		return n.alive() && !n.hidden && (n.admitted != n.id || !n.holds() || n.removed)
	}
}

func (w *World) judgeWithdraw(a plan.Withdraw) Breach {
	out := maskOf(a.Members)
	stay := w.voters(func(i int, n *node) bool { return out&(1<<i) == 0 && w.sound(i) && n.clients == welcome })
	return when(stay == 0 && w.size() > 1, "nobody is left to serve clients")
}

func (w *World) judgeClear(i int) Breach {
	n := &w.nodes[i]
	return when(n.id != 0, "a volume is deleted whose member the list counts")
}
