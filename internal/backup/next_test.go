package backup

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/quorate/quorate/internal/snapshot"
)

// TestStories: what is decided about a backup, situation by situation. The
// arguments of `next` say how it differs from a backup that was just applied
// to a cluster that serves.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			o := Observation{
				Name: "nightly", Location: "s3://bucket/prod/demo/nightly",
				Cluster: Cluster{Name: "demo", Found: true, Formed: true, Quorate: true},
			}
			for _, arg := range d.CmdArgs {
				if err := o.tell(arg.Key, strings.Join(arg.Vals, ",")); err != nil {
					d.Fatalf(t, "%s: %v", arg.Key, err)
				}
			}
			for line := range strings.Lines(d.Input) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				if err := o.tell(key, value); err != nil {
					d.Fatalf(t, "%s: %v", line, err)
				}
			}
			switch d.Cmd {
			case "next":
				return show(Next(o))
			case "unerasable":
				return show(Unerasable(o))
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

func (o *Observation) tell(key, value string) (err error) {
	told := func(j *Job) *snapshot.Result {
		if j.Result == nil {
			j.Result = &snapshot.Result{}
		}
		return j.Result
	}
	switch key {
	case "deleting":
		o.Deleting = true
	case "deletes-data":
		o.DeletesData = true
	case "guarded":
		o.Guarded = true
	case "begun":
		o.Begun = true
	case "outcome":
		o.Outcome = Outcome(value)
	case "missing":
		o.Missing = value
	case "no-cluster":
		o.Cluster.Found = false
	case "unformed":
		o.Cluster.Formed = false
	case "hibernated":
		o.Cluster.Hibernated = true
	case "without-quorum":
		o.WithoutQuorum = true
	case "no-quorum":
		o.Cluster.Quorate, o.Cluster.QuorumMessage = false, value
	case "writing":
		o.Writing.State, o.Begun = JobState(value), true
	case "ending":
		o.Writing.Ending = true
	case "cause":
		o.Writing.Cause = value
	case "trouble":
		o.Writing.Trouble = value
	case "attempts":
		o.Writing.Attempts, err = strconv.Atoi(value)
	case "told":
		reason, message, _ := strings.Cut(value, ": ")
		told(&o.Writing).Reason, told(&o.Writing).Message = snapshot.Reason(reason), message
	case "proven":
		told(&o.Writing).Manifest = &snapshot.Manifest{Revision: 42, Verification: snapshot.Verification(value)}
	case "erasing":
		o.Erasing.State = JobState(value)
	case "erasing-told":
		told(&o.Erasing).Message = value
	case "erasing-trouble":
		o.Erasing.Trouble = value
	default:
		err = fmt.Errorf("unknown key")
	}
	return err
}

func show(d Decision) string {
	if d == (Decision{}) {
		return "nothing\n"
	}
	words := []string{string(d.Reason)}
	if d.Action != None {
		words = append([]string{string(d.Action)}, words...)
	}
	if d.Outcome != "" {
		words = append(words, "outcome="+string(d.Outcome))
	}
	if d.Manifest != nil {
		words = append(words, "manifest")
	}
	if d.Warn {
		words = append(words, "warning")
	}
	return strings.Join(words, " ") + "\n    " + d.Message + "\n"
}
