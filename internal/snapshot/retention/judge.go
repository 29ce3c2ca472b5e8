package retention

import (
	"fmt"
	"strings"
	"time"
)

// Verdict is what becomes of one backup, and why, as a clause for a person.
type Verdict struct {
	Backup Backup
	Delete bool
	Reason string
}

// Judge gives one verdict for each backup, the newest first. It never fails,
// and judging again what it kept, at the same moment, deletes nothing more.
func Judge(backups []Backup, policy Policy, now time.Time) []Verdict {
	all := newestFirst(backups)
	past := only(all, func(b Backup) bool { return !b.Created.After(now) })
	why := reasons{}
	why.protect(past)
	complete := only(past, func(b Backup) bool { return b.State == Complete })
	proven := only(past, Backup.proven)
	// Proven ones are judged as if there were no others: those take no place.
	why.apply(policy, proven, proven)
	why.apply(policy, complete, proven)
	why.failed(policy, only(past, func(b Backup) bool { return b.State == Failed }), now)

	verdicts := make([]Verdict, 0, len(all))
	for _, b := range all {
		verdicts = append(verdicts, why.verdict(b, policy, now))
	}
	return verdicts
}

// reasons has what keeps a backup, by its name.
type reasons map[string][]string

func (r reasons) add(b Backup, reason string) {
	for _, known := range r[b.Name] {
		if known == reason {
			return
		}
	}
	r[b.Name] = append(r[b.Name], reason)
}

// protect keeps what no policy may delete. The backups are the newest first.
func (r reasons) protect(past []Backup) {
	for _, last := range []struct {
		is     func(Backup) bool
		reason string
	}{
		{Backup.proven, "it is the newest verified backup, which is never deleted"},
		{func(b Backup) bool { return b.proven() && b.Verified == Restore }, "it is the newest backup that was verified by a restore, which is never deleted"},
	} {
		if found := only(past, last.is); len(found) > 0 {
			r.add(found[0], last.reason)
		}
	}
}

// apply lets each rule keep of the backups, which are the newest first, what
// it keeps.
func (r reasons) apply(policy Policy, backups, proven []Backup) {
	for i, b := range backups {
		if i < policy.KeepLast {
			r.add(b, fmt.Sprintf("it is one of the newest (keepLast %d)", policy.KeepLast))
		}
		if policy.KeepWithin > 0 && (len(proven) == 0 || !b.Created.Before(proven[0].Created.Add(-policy.KeepWithin))) {
			r.add(b, fmt.Sprintf("it is recent (keepWithin %s)", length(policy.KeepWithin)))
		}
	}
	for _, rule := range policy.periods() {
		seen := map[string]bool{}
		for _, b := range backups {
			name := rule.of(b.Created.In(policy.zone()))
			if seen[name] || len(seen) >= rule.keep {
				continue
			}
			seen[name] = true
			r.add(b, fmt.Sprintf("it is the last of the %s %s (%s %d)", rule.noun, name, rule.field, rule.keep))
		}
	}
}

func (r reasons) failed(policy Policy, failed []Backup, now time.Time) {
	for i, b := range failed {
		if i < policy.KeepFailed {
			r.add(b, fmt.Sprintf("it failed, and is one of the newest that did (keepFailed %d)", policy.KeepFailed))
		}
		if policy.KeepFailedWithin > 0 && !b.Created.Before(now.Add(-policy.KeepFailedWithin)) {
			r.add(b, fmt.Sprintf("it failed, but recently (keepFailedWithin %s)", length(policy.KeepFailedWithin)))
		}
	}
}

func (r reasons) verdict(b Backup, policy Policy, now time.Time) Verdict {
	kept := strings.Join(r[b.Name], "; ")
	switch {
	case b.State == Missing:
		return Verdict{b, false, "it is missing in the store: no rule counts or deletes it, in case it comes back"}
	case b.State != Complete && b.State != Failed:
		return Verdict{b, false, "it is still running"}
	case b.Created.After(now):
		return Verdict{b, false, "it is from the future: the clock was set back, and its age is unknown"}
	case kept != "":
		return Verdict{b, false, kept}
	case b.State == Failed && policy.failedRules() == "":
		return Verdict{b, false, "it failed, and no rule says how long failed backups are kept"}
	case b.State == Failed:
		return Verdict{b, true, fmt.Sprintf("it failed, and is past what is kept of these (%s)", policy.failedRules())}
	case policy.rules() == "":
		return Verdict{b, false, "no rule deletes backups"}
	default:
		return Verdict{b, true, fmt.Sprintf("no rule keeps it (%s)", policy.rules())}
	}
}
