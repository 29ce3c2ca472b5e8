package series

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/snapshot/retention"
)

// calmly is how long after one look through the store the next one is.
const calmly = 7 * 24 * time.Hour

// Look is what is known of the Job that looks through the store.
type Look struct {
	// Recorded is when that one began whose findings the status has; zero when there
	// was none.
	Recorded time.Time
	// Began is when the Job did that there is; zero when there is none.
	Began time.Time
	Ended bool
	// Failure is why it found out nothing, as sentences.
	Failure string
	// Cleaned is how much it has removed.
	Cleaned int
	// Missing and Present are the backups that it was asked for.
	Missing, Present []string
	// Busy names what is under way besides the schedule's own backups: others of the
	// cluster that are being made or deleted.
	Busy []string
}

// news says whether there is a Job whose findings are not recorded.
func (l Look) news() bool { return !l.Began.IsZero() && l.Began.After(l.Recorded) }

// tidy takes the next step of looking through the store: not beside a backup, whose
// data have no manifest yet.
func (o Observation) tidy(d *Decision, now time.Time) {
	l := o.Look
	switch {
	case l.news() && !l.Ended:
	case l.news():
		if o.mark(d) {
			return
		}
		d.Action = Record
		d.Because, d.Why = l.Found()
	case len(l.Busy) > 0 || len(o.Running()) > 0 || len(staying(o.Backups)) < len(o.Backups):
	case now.Before(o.lookAgain()):
	default:
		d.Action, d.Because = Tidy, ReasonTidying
		d.Why = "The store is looked through for what was left behind, and for backups that are missing."
	}
}

func (o Observation) lookAgain() time.Time {
	last := o.Created
	if o.Look.Recorded.After(last) {
		last = o.Look.Recorded
	}
	return last.Add(calmly)
}

// mark says on the first backup that is known otherwise what was found of it.
func (o Observation) mark(d *Decision) bool {
	for _, b := range staying(o.Backups) {
		switch {
		case b.State == retention.Complete && slices.Contains(o.Look.Missing, b.Name):
			d.Action, d.Backup, d.Because = Mark, b.Name, ReasonMissingInStore
			d.Why = fmt.Sprintf("EtcdBackup %s is not in the store any more: somebody else has deleted its manifest or its data there, or the store is another one. It does not count as a backup. Bring it back there, or delete the EtcdBackup.", b.Name)
			return true
		case b.State == retention.Missing && slices.Contains(o.Look.Present, b.Name):
			d.Action, d.Backup, d.Because = Mark, b.Name, ReasonInStore
			d.Why = fmt.Sprintf("EtcdBackup %s is in the store again. It counts as a backup.", b.Name)
			return true
		}
	}
	return false
}

// Found says what the Job has found, in one word and to a person.
func (l Look) Found() (Reason, string) {
	if l.Failure != "" {
		return ReasonTidyFailed, fmt.Sprintf("The store could not be looked through: %s It is tried again in a week.", l.Failure)
	}
	cleaned := "Nothing was left behind in the store."
	if l.Cleaned > 0 {
		cleaned = fmt.Sprintf("%d objects and uploads that broken attempts had left behind in the store were removed.", l.Cleaned)
	}
	if n := len(l.Missing); n > 0 {
		return ReasonMissingInStore, fmt.Sprintf("%s Of %d backups %d are not there any more, EtcdBackup %s first: see its condition Available.", cleaned, n+len(l.Present), n, slices.Min(l.Missing))
	}
	return ReasonTidied, fmt.Sprintf("%s All of %d backups are there.", cleaned, len(l.Present))
}
