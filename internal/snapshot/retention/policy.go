package retention

import (
	"fmt"
	"strings"
	"time"
)

// Policy says what is kept. A backup is kept if any rule keeps it. A rule that
// is zero or less is absent; a Policy of absent rules keeps everything.
type Policy struct {
	// KeepLast keeps this many of the newest backups.
	KeepLast int
	// KeepWithin keeps what is at most this much older than the newest verified
	// backup.
	KeepWithin time.Duration
	// Hourly to Yearly keep the last backup of each hour, day, ISO week, month
	// and year of Zone, for this many of the newest of them in which there is a
	// backup at all: an hour without one takes no place.
	Hourly, Daily, Weekly, Monthly, Yearly int
	// Zone tells where a day begins. Default: UTC.
	Zone *time.Location
	// KeepFailed and KeepFailedWithin are the rules for failed backups: this
	// many of the newest, and what is at most this much older than now. With
	// neither, failed backups are kept. No other rule is about them, and they
	// take no place in any other.
	KeepFailed       int
	KeepFailedWithin time.Duration
}

// period is one rule of the grandfather-father-son kind.
type period struct {
	noun, field string
	keep        int
	// of names the period that a local time lies in. It has the offset where an
	// hour can come twice.
	of func(time.Time) string
}

func (p Policy) periods() []period {
	layout := func(l string) func(time.Time) string {
		return func(t time.Time) string { return t.Format(l) }
	}
	week := func(t time.Time) string {
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%02d", year, week)
	}
	return []period{
		{"hour", "hourly", p.Hourly, layout("2006-01-02 15h -07:00")},
		{"day", "daily", p.Daily, layout("2006-01-02")},
		{"week", "weekly", p.Weekly, week},
		{"month", "monthly", p.Monthly, layout("2006-01")},
		{"year", "yearly", p.Yearly, layout("2006")},
	}
}

func (p Policy) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// rules names what a complete backup can be kept by, for the reason of those
// that are not: empty where nothing is to be deleted.
func (p Policy) rules() string {
	var rules []string
	if p.KeepLast > 0 {
		rules = append(rules, fmt.Sprintf("keepLast %d", p.KeepLast))
	}
	if p.KeepWithin > 0 {
		rules = append(rules, "keepWithin "+length(p.KeepWithin))
	}
	for _, r := range p.periods() {
		if r.keep > 0 {
			rules = append(rules, fmt.Sprintf("%s %d", r.field, r.keep))
		}
	}
	return strings.Join(rules, ", ")
}

// failedRules is the same for failed backups.
func (p Policy) failedRules() string {
	var rules []string
	if p.KeepFailed > 0 {
		rules = append(rules, fmt.Sprintf("keepFailed %d", p.KeepFailed))
	}
	if p.KeepFailedWithin > 0 {
		rules = append(rules, "keepFailedWithin "+length(p.KeepFailedWithin))
	}
	return strings.Join(rules, ", ")
}

// short leaves out units that are zero: 72h, not 72h0m0s.
var short = strings.NewReplacer("h0m0s", "h", "m0s", "m")

func length(d time.Duration) string { return short.Replace(d.String()) }
