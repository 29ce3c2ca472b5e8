package series

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // stories name time zones, wherever they are told

	"github.com/cockroachdb/datadriven"

	"github.com/quorate/quorate/internal/snapshot/retention"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// TestStories tells testdata/*.txt; `go test ./internal/backup/series -rewrite`
// writes the answers anew. `next` says what is decided about the schedule nightly of
// the cluster demo, created 2026-11-20T00:00 and due at 03:00 each day, at the moment
// now; each line below says how it differs:
//
//	slots 0 * * * *              zone Europe/Berlin      created 2026-11-28T10:00
//	malformed timeZone "Mars"..  suspended  immediate  deadline 1h  deleting
//	no-cluster  unformed  hibernated
//	keep last=2 daily=7 failed=1 within=72h
//	since 2026-11-28T10:00       the terms changed
//	made 2026-11-28T03:00        the status remembers a slot
//	backup NAME CREATED running|failed|missing|hash|restore [leaving=..] [retain]
//	looked 2026-11-20T00:00      the status remembers when the store was looked through
//	look 2026-11-28T10:00 [running] [cleaned=2] [missing=NAME] [present=NAME]
//	look-failed 2026-11-28T10:00 WHY
//	busy NAME                    another backup of the cluster is being made
//	source NAME SLOTS            another schedule, for health
//	idle NAME WHY                one that makes none
//	drill NAME WORDS             what is wrong with the last drill of that one
//	drilled NAME                 a drill restores that backup
//
// `health` says how the backups are, of that schedule or of the sources given.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var at string
			d.ScanArgs(t, "now", &at)
			now := clock(t, at)
			s := &story{t: t, Observation: Observation{
				Cluster: Cluster{Name: "demo", Found: true, Formed: true}, Created: clock(t, "2026-11-20T00:00"),
				Schedule: schedule.Spec{Schedule: "nightly", UID: "uid"},
			}, slots: "0 3 * * *"}
			if !strings.HasSuffix(path, "tidy.txt") {
				s.Look.Recorded = now // the other stories are about other things
			}
			for line := range strings.Lines(d.Input) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				s.tell(key, value)
			}
			if s.Malformed == "" {
				s.Schedule.Slots = parse(t, s.slots, s.zone)
				s.Policy.Zone = s.Schedule.Slots.Zone()
			}
			switch d.Cmd {
			case "next":
				return showDecision(s.decide(now))
			case "health":
				return showHealth(s.health(now))
			}
			d.Fatalf(t, "unknown command %q", d.Cmd)
			return ""
		})
	})
}

type story struct {
	Observation
	t           *testing.T
	slots, zone string
	sources     []Source
}

func (s *story) tell(key, value string) {
	switch key {
	case "slots":
		s.slots = value
	case "zone":
		s.zone = value
	case "created":
		s.Created = clock(s.t, value)
	case "since":
		s.Since = clock(s.t, value)
	case "made":
		s.Made = append(s.Made, clock(s.t, value))
	case "malformed":
		s.Malformed = value
	case "suspended":
		s.Schedule.Suspended = true
	case "immediate":
		s.Schedule.Immediate = true
	case "deadline":
		s.Schedule.StartingDeadline = length(s.t, value)
	case "deleting":
		s.Deleting = true
	case "no-cluster":
		s.Cluster = Cluster{Name: "demo"}
	case "unformed":
		s.Cluster.Formed = false
	case "hibernated":
		s.Cluster.Hibernated = true
	case "keep":
		s.keep(strings.Fields(value))
	case "backup":
		s.backup(strings.Fields(value))
	case "looked":
		s.Look.Recorded = clock(s.t, value)
	case "look":
		s.look(strings.Fields(value))
	case "look-failed":
		at, why, _ := strings.Cut(value, " ")
		s.Look.Began, s.Look.Ended, s.Look.Failure = clock(s.t, at), true, why
	case "busy":
		s.Look.Busy = append(s.Look.Busy, value)
	case "source":
		name, slots, _ := strings.Cut(value, " ")
		s.sources = append(s.sources, Source{Name: name, Slots: parse(s.t, slots, ""), Since: s.Created})
	case "drilled":
		s.Drilled = value
	case "drill":
		name, words, _ := strings.Cut(value, " ")
		s.sources = append(s.sources, Source{Name: name, Slots: parse(s.t, s.slots, ""), Since: s.Created, Drill: words})
	case "idle":
		name, why, _ := strings.Cut(value, " ")
		s.sources = append(s.sources, Source{Name: name, Idle: why})
	default:
		s.t.Fatalf("unknown line %q", key)
	}
}

func (s *story) keep(rules []string) {
	for _, rule := range rules {
		key, value, _ := strings.Cut(rule, "=")
		n := 0
		if key != "within" {
			if _, err := fmt.Sscan(value, &n); err != nil {
				s.t.Fatal(err)
			}
		}
		switch key {
		case "last":
			s.Policy.KeepLast = n
		case "daily":
			s.Policy.Daily = n
		case "failed":
			s.Policy.KeepFailed = n
		case "within":
			s.Policy.KeepWithin = length(s.t, value)
		default:
			s.t.Fatalf("unknown rule %q", rule)
		}
	}
}

func (s *story) look(words []string) {
	s.Look.Began, s.Look.Ended = clock(s.t, words[0]), true
	for _, word := range words[1:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "running":
			s.Look.Ended = false
		case "cleaned":
			if _, err := fmt.Sscan(value, &s.Look.Cleaned); err != nil {
				s.t.Fatal(err)
			}
		case "missing":
			s.Look.Missing = append(s.Look.Missing, value)
		case "present":
			s.Look.Present = append(s.Look.Present, value)
		}
	}
}

func (s *story) backup(words []string) {
	b := Backup{Backup: retention.Backup{Name: words[0], Created: clock(s.t, words[1]), State: retention.Complete}}
	switch words[2] {
	case "running":
		b.State = retention.Running
	case "failed":
		b.State, b.Failure = retention.Failed, "The store is full. Mend the cause and make another EtcdBackup."
	case "missing":
		b.State, b.Verified = retention.Missing, retention.Hash
	case "hash":
		b.Verified = retention.Hash
	case "restore":
		b.Verified = retention.Restore
	}
	for _, word := range words[3:] {
		if at, ok := strings.CutPrefix(word, "leaving="); ok {
			b.Leaving = clock(s.t, at)
		}
		b.Retained = b.Retained || word == "retain"
	}
	s.Backups = append(s.Backups, b)
	if slot, ok := schedule.SlotOf("nightly", b.Name); ok {
		s.Made = append(s.Made, slot)
	}
}

// decide decides twice, on equal arguments: equal decisions. What was made shows at
// once, and is not made again.
func (s *story) decide(now time.Time) Decision {
	d := Next(s.Observation, now)
	if again := Next(s.Observation, now); again != d {
		s.t.Fatalf("on equal arguments it decided %+v and %+v", d, again)
	}
	if after := Next(s.With(d, now), now); d.Action == Make && after.Action == Make {
		s.t.Fatalf("it makes %s, and then %s", d.Backup, after.Backup)
	}
	if after := Next(s.With(d, now), now); d.Action == Record && (after.Action == Record || after.Action == Tidy) {
		s.t.Fatalf("what was recorded is not at rest: %+v", after)
	}
	return d
}

func (s *story) health(now time.Time) Health {
	sources := s.sources
	if sources == nil {
		sources = []Source{{Name: "nightly", Slots: s.Schedule.Slots, Since: s.Created}}
	}
	if sources[0].Name == "none" {
		sources = nil
	}
	h := HealthOf(s.Backups, sources, s.Cluster.Hibernated, now)
	if !h.Until.IsZero() {
		// Until then it stays as it is; then it is overdue.
		if still := HealthOf(s.Backups, sources, false, h.Until.Add(-time.Second)); still != h {
			s.t.Fatalf("before %s it becomes %+v", h.Until, still)
		}
		if then := HealthOf(s.Backups, sources, false, h.Until); then.State != HealthOverdue {
			s.t.Fatalf("at %s it is %+v", h.Until, then)
		}
	}
	return h
}

func showDecision(d Decision) string {
	if d == (Decision{}) {
		return "nothing\n"
	}
	var out strings.Builder
	if d.Action != None {
		fmt.Fprintf(&out, "%s %s: %s\n", d.Action, d.Backup, d.Why)
	}
	fmt.Fprintf(&out, "Scheduled=%v %s", d.Scheduled, d.Reason)
	if d.Warn {
		out.WriteString(" warning")
	}
	if d.After > 0 {
		fmt.Fprintf(&out, " after=%s", d.After)
	}
	fmt.Fprintf(&out, "\n    %s\n", d.Message)
	return out.String()
}

func showHealth(h Health) string {
	state := string(h.State)
	if h.State == HealthUnknown {
		state = "Unknown"
	}
	if !h.Until.IsZero() {
		state += " until " + moment(h.Until)
	}
	return fmt.Sprintf("%s\n    %s\n", state, h.Message)
}

func parse(t *testing.T, slots, zone string) *schedule.Cron {
	t.Helper()
	c, err := schedule.Parse(slots, zone)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func clock(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func length(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
