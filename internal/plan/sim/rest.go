package sim

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/plan"
)

// patience is how many steps a world may take to come to rest.
const patience = 400

// end is a world without further faults, changes and late messages.
func (w World) end() World {
	w.faults, w.changes, w.late = 0, 0, order{}
	return w.normal()
}

// next is the step that a fair world takes: what comes by itself first, then
// the operator. It returns false when nothing is left to do.
func (w *World) next() (Step, bool) {
	var s steps
	w.nature(&s)
	if len(s) == 0 {
		w.operator(&s)
	}
	if len(s) == 0 || s[0].to == *w {
		return Step{}, false
	}
	return s[0], true
}

// comesToRest lets a world go on without faults until nothing is left to do,
// and judges the end; and once more while what is out of reach stays so. What
// it then does is told after.
func (w World) comesToRest(rests visited) (broken, after string) {
	w = w.end()
	if broken, after = w.goesOn(rests); broken != "" {
		return broken, after
	}
	if w.stuck = w.silent() > 0; w.stuck {
		return w.goesOn(rests)
	}
	return "", ""
}

// silent counts the members of which the operator hears nothing.
func (w *World) silent() (count int) {
	for i := range w.nodes {
		if n := &w.nodes[i]; n.id != 0 && (n.down || n.hidden) {
			count++
		}
	}
	return count
}

// goesOn follows a world to its end. Worlds known to rest are remembered.
func (w World) goesOn(rests visited) (broken, after string) {
	var path []World
	for !rests.has(w) {
		path = append(path, w)
		s, more := w.next()
		if !more {
			if why := w.unfinished(); why != "" {
				return why, replay(path)
			}
			break
		}
		if s.to.broken != "" {
			return string(s.to.broken), replay(path)
		}
		if len(path) == patience {
			return "it goes on for ever", replay(path[:60])
		}
		w = s.to
	}
	for _, p := range path {
		rests.add(p)
	}
	return "", ""
}

// replay tells how a world goes on by itself.
func replay(path []World) string {
	var out strings.Builder
	out.WriteString("(from here on there are no more faults)\n")
	if path[0].stuck {
		out.WriteString("(and who is out of reach stays so)\n")
	}
	for i := range path {
		if s, ok := path[i].next(); ok {
			out.WriteString(s.tale(&path[i]))
		}
	}
	return out.String()
}

// unfinished says why a world must not rest like this; empty when it may.
func (w *World) unfinished() string {
	d := w.Decide(false)
	why := ""
	switch {
	case w.stuck && !w.spec.paused && !w.spec.hibernated:
		why = expect(w.silent() == 0 || d.Outcome != plan.OutcomeSteady, "a member is not heard of, and it says that all is well")
	case w.spec.paused:
		why = expect(d.Reason == plan.ReasonPaused, "it is paused and does not say so")
	case w.spec.hibernated:
		why = expect(d.Reason == plan.ReasonHibernated && w.highest(func(n *node) bool { return n.pod != absent }) == 0, "it does not hibernate")
	case !w.recoverable():
		// Corrupt data still gives a quorum that answers.
		said := d.Reason == plan.ReasonQuorumLost || w.alarm.id != 0
		// A StatefulSet that was made anew without a quorum counts claims: it
		// cannot know of members that have none.
		blind := int(w.set.replicas) < w.highest(func(n *node) bool { return n.id != 0 })
		why = expect(said && (blind || d.Outcome == plan.OutcomeBlocked), "quorum is lost for good and it does not say so")
	case w.spec.config == badConfig:
		why = expect(d.Outcome != plan.OutcomeSteady, "etcd refuses what the spec asks for, and it says that all is well")
	default:
		why = w.imperfect(d)
	}
	if why == "" {
		return ""
	}
	return why + ": " + tell(d)
}

func expect(ok bool, otherwise string) string {
	if ok {
		return ""
	}
	return otherwise
}

// imperfect says what is missing to a cluster as the spec asks for it.
func (w *World) imperfect(d plan.Decision) string {
	replicas := int(w.spec.replicas)
	switch {
	case d.Outcome != plan.OutcomeSteady:
		return "it must not end like this"
	case w.alarm.id != 0:
		return "an alarm is left"
	case w.authorities.asked:
		return "the authorities are not replaced"
	case w.set.absent || int(w.set.replicas) != replicas:
		return fmt.Sprintf("the StatefulSet runs %d pods", w.set.replicas)
	case w.set.config != w.spec.config:
		return "the pods' template does not follow the spec"
	case w.set.size != w.spec.size || w.spec.class != 0 && w.set.class != w.spec.class:
		return "the claim template is stale"
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		if i >= replicas && n.exists() {
			return fmt.Sprintf("demo-%d is left over", i)
		}
		if i >= replicas {
			continue
		}
		if why := w.member2(i); why != "" {
			return fmt.Sprintf("demo-%d %s", i, why)
		}
	}
	return ""
}

func (w *World) member2(i int) string {
	n := &w.nodes[i]
	switch {
	case !w.sound(i) || n.log != current || n.unapplied:
		return "is no sound voter"
	case n.clients != welcome:
		return "gets no clients"
	case n.claim != bound || w.misplaced(n):
		return "is not on the volume that it shall be on"
	case w.stale(i):
		return "does not run what the spec asks for"
	case n.restless() || n.disk != w.authorities.told:
		return "has not loaded whom it shall trust"
	case n.bloated:
		return "is not defragmented"
	case n.mark != n.id:
		return "is not what its claim says"
	case n.size < w.spec.size || n.growing:
		return "has not grown"
	default:
		return ""
	}
}

func tell(d plan.Decision) string {
	head := fmt.Sprintf("%s %s/%s", d.Outcome, d.Rule, d.Reason)
	if d.Action != nil {
		head += ": " + d.Action.String()
	}
	return head + "\n    " + d.Message
}
