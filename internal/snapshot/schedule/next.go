package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxMissed bounds the count of missed slots.
	maxMissed = 100
	// glance is how long nobody looks at the clock: it may be set meanwhile.
	glance = time.Hour
)

// short leaves out units that are zero: 10m, not 10m0s.
var short = strings.NewReplacer("h0m0s", "h", "m0s", "m")

// Next decides whether a backup is to be made now. It never fails.
func Next(spec Spec, state State, now time.Time) Decision {
	return next(spec, state, now, kind{noun: "backup", name: Name})
}

// kind is what backups and drills differ in.
type kind struct {
	noun string
	name func(schedule string, slot time.Time) string
}

func next(spec Spec, state State, now time.Time, k kind) Decision {
	if spec.Suspended {
		return Decision{Outcome: Wait, Reason: ReasonSuspended, Message: fmt.Sprintf("The schedule is suspended: no %s is made. Set suspend to false to go on.", k.noun)}
	}
	d := spec.due(state, now)
	d.NextRun = spec.nextRun(state, now)
	d.After = min(max(d.NextRun.Sub(now), time.Second), glance)
	slot, coming := spec.show(d.Slot), spec.show(d.NextRun)
	switch {
	case d.Reason == ReasonMissed:
		d.Slot = time.Time{}
		d.Message = fmt.Sprintf("The %s of %s was missed: it could not begin within startingDeadline %s. The next one begins at %s.", k.noun, slot, short.Replace(spec.StartingDeadline.String()), coming)
	case d.Reason == ReasonScheduled:
		d.Message = fmt.Sprintf("The next %s begins at %s.", k.noun, coming)
	case len(state.Running) > 0:
		d.Outcome, d.Reason = Wait, ReasonStillRunning
		d.Message = fmt.Sprintf("The %s of %s is due and begins when %s has ended: one is made at a time.", k.noun, slot, running(state.Running))
	case d.Reason == ReasonFirstRun:
		d.Message = fmt.Sprintf("The first %s is made at once.", k.noun)
	case d.Missed > 0:
		d.Reason = ReasonCaughtUp
		d.Message = fmt.Sprintf("The %s of %s is due. It also stands for %s.", k.noun, slot, count(d.Missed))
	default:
		d.Message = fmt.Sprintf("The %s of %s is due.", k.noun, slot)
	}
	if d.Outcome == Run {
		d.Name = k.name(spec.Schedule, d.Slot)
	}
	return d
}

// due finds the slot whose turn it is. Of several it is the newest. None of
// them was made: they lie after the floor, and nothing that was made does
// unless it lies ahead.
func (s Spec) due(state State, now time.Time) Decision {
	offset := Offset(s.UID, s.Jitter)
	floor := state.floor(now, offset)
	slot, found := latest(s.Slots, floor, now.Add(-offset))
	late := found && s.StartingDeadline > 0 && now.Sub(slot.Add(offset)) > s.StartingDeadline
	switch {
	case found && !late:
		return Decision{Outcome: Run, Reason: ReasonDue, Slot: slot, Missed: s.missed(floor, slot)}
	case s.Immediate && len(state.Made) == 0:
		return Decision{Outcome: Run, Reason: ReasonFirstRun, Slot: minute(state.Created)}
	case late:
		return Decision{Outcome: Wait, Reason: ReasonMissed, Slot: slot}
	default:
		return Decision{Outcome: Wait, Reason: ReasonScheduled}
	}
}

func (s Spec) missed(floor, slot time.Time) (n int) {
	for t := s.Slots.Next(floor); t.Before(slot) && n < maxMissed; t = s.Slots.Next(t) {
		n++
	}
	return n
}

// nextRun is the turn of the first slot that is neither due nor made.
func (s Spec) nextRun(state State, now time.Time) time.Time {
	offset := Offset(s.UID, s.Jitter)
	after := now.Add(-offset)
	if floor := state.floor(now, offset); floor.After(after) {
		after = floor
	}
	slot := s.Slots.Next(after)
	for state.made(slot) {
		slot = s.Slots.Next(slot)
	}
	return slot.Add(offset)
}

func (s Spec) show(t time.Time) string {
	const layout = "2006-01-02 15:04 MST"
	if t.Second() != 0 {
		return t.In(s.Slots.Zone()).Format("2006-01-02 15:04:05 MST")
	}
	return t.In(s.Slots.Zone()).Format(layout)
}

func count(missed int) string {
	switch {
	case missed >= maxMissed:
		return fmt.Sprintf("%d or more earlier ones, which were missed", maxMissed)
	case missed == 1:
		return "an earlier one, which was missed"
	default:
		return fmt.Sprintf("%d earlier ones, which were missed", missed)
	}
}

func running(names []string) string {
	first := slices.Min(names)
	if len(names) == 1 {
		return first
	}
	return fmt.Sprintf("%s and %d more", first, len(names)-1)
}
