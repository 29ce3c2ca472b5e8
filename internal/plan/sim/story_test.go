package sim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/quorate/quorate/internal/plan"
)

// TestStories replays testdata/*.txt: histories in which a promise once broke,
// and some that show the world. `go test ./internal/plan/sim -rewrite` writes
// the answers anew.
//
//	new members=3 [limit=5] [faults=2] [changes=1]
//	play                 take the steps below, by their names
//	run [until=Action]   go on without faults until nothing is left to do, or
//	                     the named action is decided and not done
//
// The story of a counterexample goes below play as it is printed, without what
// is indented.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var w World
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "new":
				var o Options
				for key, into := range map[string]*int{"members": &o.Members, "limit": &o.Limit, "faults": &o.Faults, "changes": &o.Changes} {
					d.MaybeScanArgs(t, key, into)
				}
				w = o.start()
				return ""
			case "play":
				return w.replay(t, d)
			case "run":
				until := ""
				d.MaybeScanArgs(t, "until", &until)
				return w.run(t, until)
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
				return ""
			}
		})
	})
}

func (w *World) replay(t *testing.T, d *datadriven.TestData) string {
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
		s, ok := w.find(line)
		if !ok {
			var can []string
			for _, s := range w.Steps() {
				can = append(can, s.String())
			}
			d.Fatalf(t, "%q cannot happen here; what can:\n%s", line, strings.Join(can, "\n"))
		}
		out.WriteString(brief(s, *w))
		*w = s.to
		w.intact(t)
	}
	return out.String()
}

func (w *World) run(t *testing.T, until string) string {
	var out strings.Builder
	for range patience {
		s, more := w.next()
		if !more {
			if why := w.unfinished(); why != "" {
				t.Fatalf("%s%s", out.String(), why)
			}
			d := w.Decide(false)
			return out.String() + fmt.Sprintf("%s %s/%s\n    %s\n", d.Outcome, d.Rule, d.Reason, d.Message)
		}
		out.WriteString(brief(s, *w))
		*w = s.to
		w.intact(t)
		if s.verb == decides && kindNames[w.pending.kind] == until {
			return out.String()
		}
	}
	t.Fatalf("it goes on for ever:\n%s", out.String())
	return ""
}

func (w *World) intact(t *testing.T) {
	t.Helper()
	if w.broken != "" {
		t.Fatalf("a promise is broken: %s", w.broken)
	}
}

// brief tells what the operator decides, and nothing of the rest.
func brief(s Step, w World) string {
	if s.verb != decides {
		return ""
	}
	d := w.Decide(false)
	if d.Outcome != plan.OutcomeAct {
		return fmt.Sprintf("%s %s/%s\n", d.Outcome, d.Rule, d.Reason)
	}
	return fmt.Sprintf("%s/%s: %s\n", d.Rule, d.Reason, d.Action)
}
