package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/quorate/quorate/internal/etcd"
)

// TestStories tells testdata/*.txt; `go test ./internal/plan -rewrite` writes
// the answers anew. A file is one story of one cluster, named demo:
//
//	new [replicas=3] [until=Action] [formed]
//	                            begin just after the apply, where the action is
//	                            next, or with a cluster that is steady
//	next                        print the decision
//	run [until=Action]          decide and do until nothing is left to do, or
//	                            stop before the named action
//	partly members=(demo-0)     do the decision for these members only, as an
//	                            operator does that dies in the middle
//	show                        print the record and the volumes
//
// The lines below a command change the world before it: see lab.tell.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var l *lab
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "new" {
				l = newLab(t, d)
			}
			for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
				if err := l.tell(line); err != nil {
					d.Fatalf(t, "%q: %v", line, err)
				}
			}
			l.settle()
			switch d.Cmd {
			case "new":
				return ""
			case "next":
				return tell(l.decide())
			case "run":
				return l.run(until(t, d))
			case "partly":
				decision := l.decide()
				l.perform(decision.Action, partial(t, d))
				return tell(decision) + "(only " + strings.Join(partial(t, d), ", ") + "; then the operator dies)\n"
			case "show":
				return l.show()
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
				return ""
			}
		})
	})
}

func newLab(t *testing.T, d *datadriven.TestData) *lab {
	replicas := 3
	d.MaybeScanArgs(t, "replicas", &replicas)
	l := unborn(t, replicas)
	l.settle()
	if d.HasArg("formed") || d.HasArg("until") {
		l.run(until(t, d))
		if end := l.decide(); end.Outcome != OutcomeSteady && (until(t, d) == "" || Name(end.Action) != until(t, d)) {
			d.Fatalf(t, "it came to %s", tell(end))
		}
	}
	return l
}

func until(t *testing.T, d *datadriven.TestData) string {
	var name string
	d.MaybeScanArgs(t, "until", &name)
	return name
}

func partial(t *testing.T, d *datadriven.TestData) []string {
	for _, arg := range d.CmdArgs {
		if arg.Key == "members" {
			return arg.Vals
		}
	}
	d.Fatalf(t, "members=(...) is missing")
	return nil
}

func (l *lab) decide() Decision { return decidePurely(l.t, l.desired, l.seen) }

// run decides and does until nothing is left to do, or until the named action
// would be next.
func (l *lab) run(until string) string {
	var out strings.Builder
	for range 40 {
		d := l.decide()
		out.WriteString(tell(d))
		if d.Outcome != OutcomeAct {
			return out.String()
		}
		if Name(d.Action) == until {
			return out.String() + "(not done)\n"
		}
		before := l.show()
		l.perform(d.Action, nil)
		l.settle()
		if l.show() == before && l.decide().Message == d.Message {
			return out.String() + "(done in vain)\n"
		}
	}
	return out.String() + "(and so on for ever)\n"
}

// tell writes one decision: outcome, rule and reason, the action, and the
// message below.
func tell(d Decision) string {
	head := fmt.Sprintf("%s %s/%s", d.Outcome, d.Rule, d.Reason)
	if d.Action != nil {
		head += ": " + d.Action.String()
	}
	return head + "\n    " + d.Message + "\n"
}

// show prints what outlives every process: the record and the volumes.
func (l *lab) show() string {
	var out strings.Builder
	r := l.seen.Record
	fmt.Fprintf(&out, "record: operator=%s cluster=%s", r.Operator, r.ClusterID)
	if b := r.Birth; b != nil {
		fmt.Fprintf(&out, " birth=%s discarding=%t of %s", b.Token, b.Discarding, volumes(b.Members))
	}
	l.showRestore(&out)
	out.WriteString("\n")
	for _, m := range l.seen.Members {
		fmt.Fprintf(&out, "%s: %s%s\n", m.Name, l.disk(m.Name), mark(m.Claim))
	}
	return out.String()
}

func (l *lab) disk(name etcd.MemberName) string {
	v := l.disks[name]
	if v == nil {
		return "no volume"
	}
	s := fmt.Sprintf("%s %s", v.ID, v.Contents)
	if a := v.Admission; a != nil {
		s += fmt.Sprintf(", admitted to %s as cluster %s, formed=%t", a.Token, a.ClusterID, a.Formed)
	}
	return s
}

func mark(c *Claim) string {
	switch {
	case c == nil:
		return ""
	case c.Formed != 0:
		return ", claim marked " + c.Formed.String()
	default:
		return ", claim unmarked"
	}
}
