package retention

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // stories name time zones, wherever they are told

	"github.com/cockroachdb/datadriven"
)

const stamp = "2006-01-02T15:04"

// TestStories tells testdata/*.txt; `go test ./internal/snapshot/retention
// -rewrite` writes the answers anew. It has two commands:
//
//	judge now=2026-11-28T12:00 [keepLast=3] [keepWithin=72h] [hourly=..] [daily=..]
//	      [weekly=..] [monthly=..] [yearly=..] [zone=Europe/Berlin]
//	      [keepFailed=..] [keepFailedWithin=..]
//	                     print a verdict for each backup of the lines below
//	count (the same)     print only what is kept, and how many are not
//
// A line is a backup, or a row of them at an interval. Times are in UTC, sizes
// in MiB:
//
//	2026-11-28T10:00 Complete Hash [size=7] [name=by-hand]
//	2026-11-01T10:00..2026-11-28T10:00 every=1h Complete Hash
//
// One without a name is named after its moment. Every command also tries what
// holds for any input: see holds.
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			policy, now := parsePolicy(t, d)
			var backups []Backup
			for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
				if line == "" {
					continue
				}
				row, err := parseRow(line)
				if err != nil {
					d.Fatalf(t, "%q: %v", line, err)
				}
				backups = append(backups, row...)
			}
			holds(t, backups, policy, now)
			return tell(Judge(backups, policy, now), d.Cmd == "count")
		})
	})
}

func tell(verdicts []Verdict, onlyKept bool) string {
	var out strings.Builder
	gone, freed := 0, int64(0)
	for _, v := range verdicts {
		word := "keep  "
		if v.Delete {
			word, gone, freed = "delete", gone+1, freed+v.Backup.Size
		}
		if !v.Delete || !onlyKept {
			fmt.Fprintf(&out, "%s %s %s: %s\n", word, v.Backup.Name, kind(v.Backup), v.Reason)
		}
	}
	if onlyKept || freed > 0 {
		fmt.Fprintf(&out, "%d deleted, %d MiB freed\n", gone, freed>>20)
	}
	return out.String()
}

func kind(b Backup) string {
	if b.State == Complete {
		return string(b.Verified)
	}
	return string(b.State)
}

func parsePolicy(t *testing.T, d *datadriven.TestData) (policy Policy, now time.Time) {
	counts := map[string]*int{
		"keepLast": &policy.KeepLast, "hourly": &policy.Hourly, "daily": &policy.Daily, "weekly": &policy.Weekly,
		"monthly": &policy.Monthly, "yearly": &policy.Yearly, "keepFailed": &policy.KeepFailed,
	}
	for _, arg := range d.CmdArgs {
		var err error
		switch value := strings.Join(arg.Vals, ""); arg.Key {
		case "now":
			now, err = time.Parse(stamp, value)
		case "zone":
			policy.Zone, err = time.LoadLocation(value)
		case "keepWithin":
			policy.KeepWithin, err = time.ParseDuration(value)
		case "keepFailedWithin":
			policy.KeepFailedWithin, err = time.ParseDuration(value)
		default:
			if counts[arg.Key] == nil {
				d.Fatalf(t, "unknown %q", arg.Key)
			}
			*counts[arg.Key], err = strconv.Atoi(value)
		}
		if err != nil {
			d.Fatalf(t, "%s: %v", arg.Key, err)
		}
	}
	return policy, now
}

func parseRow(line string) (row []Backup, err error) {
	words := strings.Fields(line)
	from, to, isRow := strings.Cut(words[0], "..")
	if !isRow {
		to = from
	}
	first, err := time.Parse(stamp, from)
	if err != nil {
		return nil, err
	}
	last, err := time.Parse(stamp, to)
	if err != nil {
		return nil, err
	}
	b, every := Backup{Size: 1 << 20}, time.Hour
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "Running", "Complete", "Failed", "Missing":
			b.State = State(key)
		case "None", "Hash", "Restore":
			b.Verified = Verification(key)
		case "name":
			b.Name = value
		case "every":
			every, err = time.ParseDuration(value)
		case "size":
			b.Size, err = strconv.ParseInt(value, 10, 64)
			b.Size <<= 20
		default:
			err = fmt.Errorf("unknown %q", word)
		}
		if err != nil {
			return nil, err
		}
	}
	named := b.Name != ""
	for b.Created = first; !b.Created.After(last); b.Created = b.Created.Add(every) {
		if !named {
			b.Name = b.Created.Format(stamp)
		}
		row = append(row, b)
	}
	return row, nil
}
