package retention

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// State is how far a backup has come. Any other value counts as Running.
type State string

// Complete: its manifest is in the store. Failed: it will never have one. Missing: it
// was complete, and somebody else has deleted it in the store.
const (
	Running  State = "Running"
	Complete State = "Complete"
	Failed   State = "Failed"
	Missing  State = "Missing"
)

// Verification is how a complete backup was proven.
type Verification string

// None: not at all, as any other value. Hash: it was read back from the store
// and is what was sent. Restore: it was also restored and started.
const (
	None    Verification = "None"
	Hash    Verification = "Hash"
	Restore Verification = "Restore"
)

// Backup is one backup of the schedule. Names are unique.
type Backup struct {
	Name     string
	Created  time.Time
	State    State
	Verified Verification
	// Size is what it takes in the store, in bytes.
	Size int64
}

// proven says whether the backup may take the place of another.
func (b Backup) proven() bool {
	return b.State == Complete && (b.Verified == Hash || b.Verified == Restore)
}

// newestFirst orders a copy; of one moment, by name, so that the order in
// which backups are listed decides nothing.
func newestFirst(backups []Backup) []Backup {
	sorted := slices.Clone(backups)
	slices.SortFunc(sorted, func(a, b Backup) int {
		return cmp.Or(b.Created.Compare(a.Created), strings.Compare(b.Name, a.Name))
	})
	return sorted
}

// only is those for which is holds, in their order.
func only(backups []Backup, is func(Backup) bool) []Backup {
	return slices.DeleteFunc(slices.Clone(backups), func(b Backup) bool { return !is(b) })
}
