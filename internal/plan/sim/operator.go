package sim

import (
	"reflect"

	"github.com/quorate/quorate/internal/plan"
)

// Laws are the rules of conduct that the operator keeps beside the planner's:
// an exploration may do without one to see that it is missed.
type Laws struct {
	// NoSecondLook: what changes the membership is done on the cached view.
	NoSecondLook bool
	// AddsVoters: AddLearner adds a voter.
	AddsVoters bool
}

// operator is the next thing that an operator does that does not fail: it
// decides, then does. Anything may happen in between.
func (w *World) operator(s *steps) {
	if w.pending.kind != nothing {
		next := *w
		next.pending = next.do(w.pending)
		s.add(acts, 0, next)
		(*s)[len(*s)-1].text = w.pending.String()
		return
	}
	d := w.Decide(false)
	next := *w
	next.frozen = frozen{}
	if d.Action == nil {
		if *w != next {
			s.add(decides, 0, next)
		}
		return
	}
	live := plan.Live(d.Action) && !w.laws.NoSecondLook
	if live && w.frozen.ordinal != 0 {
		if again := w.Decide(true); !reflect.DeepEqual(again.Action, d.Action) {
			s.add(decides, 0, next) // it looks anew
			return
		}
	}
	next.pending = w.order(d.Action, live)
	if plan.Live(d.Action) {
		next.broken = w.judge(d.Action)
	}
	if w.spec.paused {
		next.breach(true, "a paused cluster is acted on")
	}
	s.add(decides, 0, next)
	(*s)[len(*s)-1].text = d.Action.String()
}

// Decide is the planner's decision on what an operator sees.
func (w *World) Decide(live bool) plan.Decision {
	return plan.Next(w.desired(), w.observe(live))
}
