package schedule

import (
	"slices"
	"time"
)

// Spec is what is asked for.
type Spec struct {
	// Schedule and UID are the EtcdBackupSchedule's.
	Schedule, UID string
	Slots         Slots
	Suspended     bool
	// Immediate makes the first one at once, if none was ever made.
	Immediate bool
	// Jitter is over how long schedules with the same slots are spread.
	Jitter time.Duration
	// StartingDeadline is how late a slot may begin; without it, however late.
	StartingDeadline time.Duration
}

// State is what was done so far.
type State struct {
	// Created is when the schedule was, by the API server's clock.
	Created time.Time
	// Since is when its slots began to hold: see Terms.
	Since time.Time
	// Made has the slots for which a backup was begun, in any order: of all
	// that exist, by SlotOf, and the newest that the status remembers.
	Made []time.Time
	// Running names what has begun and not ended.
	Running []string
}

// Skew is by how much two clocks may differ before one of them is wrong. What
// lies further ahead was written under another clock, and no slot waits for it.
const Skew = 10 * time.Minute

func (s State) made(slot time.Time) bool {
	return slices.ContainsFunc(s.Made, func(t time.Time) bool { return t.Equal(slot) })
}

// floor is the newest moment of the past that slots lie after. Where nobody
// can tell what was made, as when the clock was ahead and is set back, it is
// just before the slot whose turn is now.
func (s State) floor(now time.Time, offset time.Duration) time.Time {
	var floor time.Time
	unknown := s.Created.IsZero()
	for _, t := range append([]time.Time{s.Created, s.Since}, s.Made...) {
		switch {
		case t.After(now.Add(Skew)):
			unknown = true
		case t.After(floor):
			floor = t
		}
	}
	if turn := now.Add(-offset - Skew); unknown && turn.After(floor) {
		return turn
	}
	return floor
}

// Terms are kept in the status, so that a schedule that is resumed or changed
// makes up for no slot from before: a person who changes 03:00 to 09:00 at ten
// o'clock does not ask for a backup at ten.
type Terms struct {
	Slots     string
	Suspended bool
	// Since is zero where nothing changed since the schedule was created.
	Since time.Time
}

// Renew gives the terms that hold now; they are equal to t unless something
// has changed. The zero Terms are those of a schedule that is new.
func (t Terms) Renew(slots Slots, suspended bool, now time.Time) Terms {
	renewed := Terms{Slots: slots.String(), Suspended: suspended, Since: t.Since}
	if t.Slots != "" && renewed != t {
		renewed.Since = now
	}
	return renewed
}
