package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// TestBirthInEveryHistory explores each history of a birth with a few faults:
// agents crash, also in the middle of being born; disks are lost; the operator
// dies before, in and after its acts, sees one member as it no longer is, and
// what it sent arrives late; the EtcdCluster is deleted and applied again. In
// none a promise breaks, and from each the cluster comes to rest once the
// faults end.
func TestBirthInEveryHistory(t *testing.T) {
	for _, c := range []struct{ n, faults int8 }{{1, 4}, {3, 3}} {
		t.Run(fmt.Sprintf("members=%d/faults=%d", c.n, c.faults), func(t *testing.T) {
			e := &birthExplorer{from: map[birthWorld]birthEdge{}, rests: map[birthWorld]bool{}}
			if broken, at := e.explore(newBirthWorld(c.n, c.faults)); broken != "" {
				t.Fatalf("%s\n\n%s", broken, e.history(at))
			}
			t.Logf("%d worlds", len(e.from))
		})
	}
}

type birthExplorer struct {
	from  map[birthWorld]birthEdge // how each world came to be
	queue []birthWorld
	rests map[birthWorld]bool // worlds from which the cluster comes to rest
}

type birthEdge struct {
	parent birthWorld
	name   string
}

func (e *birthExplorer) explore(start birthWorld) (broken string, at birthWorld) {
	e.visit(birthStep{"a cluster is applied", start.normal()}, start)
	for len(e.queue) > 0 {
		w := e.queue[0]
		e.queue = e.queue[1:]
		if w.broken != birthIntact {
			return birthBreachNames[w.broken], w
		}
		step, d := w.operator()
		if broken := unsound(d, w.observe()); broken != "" {
			return broken + ":\n" + tell(d), w
		}
		if broken := e.comesToRest(w); broken != "" {
			return broken, w
		}
		e.visit(step, w)
		for _, steps := range [][]birthStep{w.nature(), w.faultsOf(), w.arrival()} {
			for _, s := range steps {
				e.visit(s, w)
			}
		}
	}
	return "", start
}

func (e *birthExplorer) visit(s birthStep, parent birthWorld) {
	w := s.to.normal()
	if _, ok := e.from[w]; !ok {
		e.from[w] = birthEdge{parent, s.name}
		e.queue = append(e.queue, w)
	}
}

// history tells how a world came to be.
func (e *birthExplorer) history(w birthWorld) string {
	var names []string
	for {
		edge := e.from[w]
		names = append(names, strings.TrimSpace(edge.name))
		if edge.parent.normal() == w {
			break
		}
		w = edge.parent.normal()
	}
	var out strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		out.WriteString(names[i] + "\n")
	}
	return out.String()
}

// comesToRest lets a world go on without faults until nothing is left to do,
// and judges the end.
func (e *birthExplorer) comesToRest(w birthWorld) string {
	w.faults, w.inflight = 0, birthOrder{}
	var path []birthWorld
	for range 60 {
		w = w.normal()
		if e.rests[w] {
			break
		}
		path = append(path, w)
		if steps := w.nature(); len(steps) > 0 {
			w = steps[0].to
			continue
		}
		step, d := w.operator()
		if step.to == w {
			if broken := w.unfinished(d); broken != "" {
				return broken + ":\n" + tell(d)
			}
			break
		}
		w = step.to
		if len(path) == 60 {
			return "it goes on for ever, at last with\n" + tell(d)
		}
	}
	for _, p := range path {
		e.rests[p] = true
	}
	return ""
}

// unfinished says why a world must not rest with a decision.
func (w *birthWorld) unfinished(d Decision) string {
	whole, named := true, false
	for i := range w.n {
		n := w.nodes[i]
		if w.late(i) && w.quorum(w.record.formed, true) {
			return fmt.Sprintf("demo-%d was granted, never started, and is not admitted", i)
		}
		serves := n.formed && n.token == w.record.formed && n.contents == birthData && n.mark == n.token
		whole = whole && serves
		named = named || !serves && strings.Contains(d.Message, string(birthNames[i]))
	}
	switch {
	case d.Outcome == OutcomeSteady && whole && w.record.formed != 0:
		return ""
	case (d.Outcome == OutcomeBlocked || d.Outcome == OutcomeWait) && w.record.formed != 0 && named:
		return ""
	case w.record.formed != 0 && named && w.quorum(w.record.formed, true) && d.Action != nil && Live(d.Action):
		return "" // it is replaced
	default:
		return fmt.Sprintf("it must not end like this: %+v", *w)
	}
}

// late reports whether an ordinal waits on the volume that was granted to the
// cluster's birth, and has never been seen by the cluster.
func (w *birthWorld) late(i int8) bool {
	n, r := w.nodes[i], w.record
	return r.formed != 0 && r.token == r.formed && !r.discarding && n.disk == r.disks[i] &&
		n.contents != birthData && (n.token == 0 || n.token == r.formed) && n.known != r.formed
}

// unsound says which rule of the birth a decision breaks, by nothing but what
// was observed.
func unsound(d Decision, o Observation) string {
	remembered := o.Record.ClusterID != 0
	for _, m := range o.Members {
		remembered = remembered || m.Claim != nil && m.Claim.Formed != 0
		remembered = remembered || m.Agent != nil && m.Agent.Volume.Admission != nil && m.Agent.Volume.Admission.Formed
	}
	switch a := d.Action.(type) {
	case Grant:
		return unsoundGrant(o, remembered)
	case Admit:
		return unsoundAdmission(a.Members, o)
	case Confirm:
		return unsoundConfirmation(a, o)
	case RecordDiscard, Discard:
		return unless(!remembered, "a cluster that was formed is discarded")
	default:
		return ""
	}
}

func unsoundGrant(o Observation, remembered bool) string {
	if remembered || o.Record.Birth != nil {
		return "Grant although something remembers a cluster or a birth"
	}
	for _, m := range o.Members {
		if m.Agent == nil || m.Agent.State != control.StateWaiting || m.Agent.Volume.Contents == control.ContentsData || m.Agent.Volume.Admission != nil {
			return "Grant although " + string(m.Name) + " did not report an empty volume"
		}
	}
	return ""
}

func unsoundAdmission(names []etcd.MemberName, o Observation) string {
	b := o.Record.Birth
	if b == nil || b.Discarding {
		return "Admit without a grant"
	}
	for _, m := range o.Members {
		for _, name := range names {
			granted, ok := b.volume(name)
			if m.Name == name && (!ok || m.Agent == nil || m.Agent.Volume.ID != granted) {
				return "Admit of a volume of " + string(name) + " that was not granted"
			}
		}
	}
	return ""
}

func unsoundConfirmation(a Confirm, o Observation) string {
	if o.Record.ClusterID != a.ClusterID {
		return "Confirm before the cluster was recorded as formed"
	}
	marked := 0
	for _, m := range o.Members {
		if m.Claim.Formed == a.ClusterID {
			marked++
		}
		if slices.Contains(a.Members, m.Name) && m.Agent.Volume.Contents != control.ContentsData {
			return "Confirm of the empty volume of " + string(m.Name)
		}
	}
	return unless(etcd.HasQuorum(marked, len(o.Members)), "Confirm before a quorum of claims was marked")
}

func unless(ok bool, broken string) string {
	if ok {
		return ""
	}
	return broken
}
