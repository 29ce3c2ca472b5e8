package drill

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // stories name time zones, wherever they are told

	"github.com/cockroachdb/datadriven"

	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// TestStories tells testdata/*.txt; `go test ./internal/backup/drill -rewrite` writes
// the answers anew. `next` says what is decided about the drills of the schedule
// nightly of the cluster demo, created 2026-11-20T00:00, with a drill each 24h, at the
// moment now; each line below says how it differs:
//
//	unasked  suspended  no-cluster    slots 0 4 * * 0     malformed drill.schedule ..
//	since 2026-11-28T10:00            made 2026-11-28T00:00
//	backup NAME CREATED [unproven]    other NAME          ended NAME
//	begun NAME BACKUP STARTED         what the status remembers
//	cluster NAME BACKUP STARTED [leaving] [serving=..]
//	failed WORDS                      waiting WORDS
//	promised REVISION COMPACT HASH    member NAME REVISION COMPACT HASH
//	sha BACKEDUP RESTORED             behind              compacted
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "next" {
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			var at string
			d.ScanArgs(t, "now", &at)
			created := clock(t, "2026-11-20T00:00")
			slots, err := schedule.NewInterval(24*time.Hour, created)
			if err != nil {
				t.Fatal(err)
			}
			s := &story{t: t, Observation: Observation{
				Asked: true, Timeout: time.Hour, Created: created, Cluster: Cluster{Name: "demo", Found: true},
				Drill: schedule.Drill{Schedule: "nightly", UID: "uid", Slots: slots},
			}}
			for line := range strings.Lines(d.Input) {
				s.tell(strings.Fields(line))
			}
			return show(s.decide(clock(t, at)))
		})
	})
}

type story struct {
	Observation
	t *testing.T
}

func (s *story) tell(words []string) {
	rest := strings.Join(words[1:], " ")
	switch words[0] {
	case "unasked":
		s.Asked = false
	case "suspended":
		s.Drill.Suspended = true
	case "no-cluster":
		s.Cluster.Found = false
	case "slots":
		slots, err := schedule.Parse(rest, "")
		if err != nil {
			s.t.Fatal(err)
		}
		s.Drill.Slots = slots
	case "malformed":
		s.Malformed, s.Drill.Slots = rest, nil
	case "since":
		s.Since = clock(s.t, rest)
	case "made":
		s.Made = append(s.Made, clock(s.t, rest))
	case "backup":
		s.Backups = append(s.Backups, schedule.Backup{Name: words[1], Created: clock(s.t, words[2]), Verified: len(words) == 3})
	case "other":
		s.Others = append(s.Others, rest)
	case "ended":
		s.Ended = rest
	case "begun":
		s.Begun = &Begun{words[1], words[2], clock(s.t, words[3])}
	default:
		s.tellCluster(words, rest)
	}
}

func (s *story) tellCluster(words []string, rest string) {
	switch words[0] {
	case "cluster":
		s.Current = &Current{Begun: Begun{words[1], words[2], clock(s.t, words[3])}}
		for _, word := range words[4:] {
			if at, ok := strings.CutPrefix(word, "serving="); ok {
				s.Current.Serving = clock(s.t, at)
			}
			s.Current.Leaving = s.Current.Leaving || word == "leaving"
		}
	case "failed":
		s.Current.Failed = rest
	case "waiting":
		s.Current.Waiting = rest
	case "sha":
		s.data().BackedUp, s.data().Restored = words[1], words[2]
	case "behind":
		s.data().Behind = true
	case "compacted":
		s.data().Compacted = true
	case "promised":
		h := s.hash(words[1:])
		s.data().Promised = &h
	case "member":
		s.data().Members[words[1]] = s.hash(words[2:])
	default:
		s.t.Fatalf("unknown line %q", words)
	}
}

// data is what the members were asked.
func (s *story) data() *Data {
	if s.Current.Shown == nil {
		s.Current.Shown = &Data{Members: map[string]Hash{}}
	}
	return s.Current.Shown
}

func (s *story) hash(words []string) (h Hash) {
	if _, err := fmt.Sscan(strings.Join(words, " "), &h.Revision, &h.CompactRevision, &h.Hash); err != nil {
		s.t.Fatal(err)
	}
	return h
}

// decide decides twice, on equal arguments: equal decisions. What was done is not done
// again, and no second drill begins beside one.
func (s *story) decide(now time.Time) Decision {
	d := Next(s.Observation, now)
	if again := Next(s.Observation, now); again != d {
		s.t.Fatalf("on equal arguments it decided %+v and %+v", d, again)
	}
	after := Next(s.With(d, now), now)
	if d.Action != None && after.Action == d.Action || d.Action != None && after.Action == Begin {
		s.t.Fatalf("it does %s, and then %s", d.Action, after.Action)
	}
	return d
}

func show(d Decision) string {
	if d == (Decision{}) {
		return "nothing\n"
	}
	var out strings.Builder
	if d.Action != None {
		fmt.Fprintf(&out, "%s %s of %s: %s\n", d.Action, d.Name, d.Backup, d.Why)
	}
	if d.Action == Record {
		fmt.Fprintf(&out, "    %s", d.Outcome.Result)
		if d.Outcome.Took > 0 {
			fmt.Fprintf(&out, " in %s", d.Outcome.Took)
		}
		out.WriteString("\n")
	}
	fmt.Fprintf(&out, "%s", d.Reason)
	if d.Warn {
		out.WriteString(" warning")
	}
	if d.After > 0 {
		fmt.Fprintf(&out, " after=%s", d.After)
	}
	fmt.Fprintf(&out, "\n    %s\n", d.Message)
	return out.String()
}

func clock(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
