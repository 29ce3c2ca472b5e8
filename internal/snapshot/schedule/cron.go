package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Slots are the moments at which something is to be done, whole minutes.
type Slots interface {
	// Next is the first slot after a moment, in UTC. There always is one.
	Next(after time.Time) time.Time
	// Zone is the one that a person thinks of these slots in.
	Zone() *time.Location
	// String is equal for equal slots.
	String() string
}

// Cron is an expression in a time zone. Make it with Parse.
//
// When the wall clock is put forward, the moments that it leaps over are run
// at the end of the leap, all as one slot. When it is put back, what comes
// twice is run the first time. So a backup of every night is made each night,
// once. An expression that names every hour follows the time that passes
// instead: it runs each hour, also the one that comes twice, and has nothing
// to make up for when one does not come.
type Cron struct {
	text string
	spec cron.SpecSchedule
	zone *time.Location
}

// Zone is the time zone that the expression is read in.
func (c *Cron) Zone() *time.Location { return c.zone }

func (c *Cron) String() string { return c.text + " " + c.zone.String() }

// Next is the first slot after a moment, in UTC.
//
// It goes through the stretches of time in which the zone has one offset: the
// library steps through hours, and misses whole days where a clock is put
// forward by half of one.
func (c *Cron) Next(after time.Time) time.Time {
	for here := after; ; {
		begin, end := c.stretch(here)
		offset := c.offset(here)
		slot := c.within(offset, after)
		if !begin.IsZero() && !c.everyHour() {
			// Up to then the wall clock shows what it showed before.
			again := begin.Add(c.offset(begin.Add(-1)) - offset)
			if slot.Before(again) {
				slot = c.within(offset, again.Add(-1))
			}
		}
		if end.IsZero() || slot.Before(end) {
			return slot.UTC()
		}
		leap := c.offset(end) - offset
		if !c.everyHour() && slot.Before(end.Add(leap)) {
			return end.UTC()
		}
		here, after = end, end.Add(-1)
	}
}

// stretch is the time around a moment in which the zone has one offset, or a
// part of it; zero where it has no beginning or end.
//
// Of the last day of a leap year Go says that it ends when it began
// (TestLastDayOfLeapYear): whoever goes on from there stays there for ever.
func (c *Cron) stretch(here time.Time) (begin, end time.Time) {
	begin, end = here.In(c.zone).ZoneBounds()
	if !end.IsZero() && !end.After(here) {
		end = time.Date(here.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return begin, end
}

func (c *Cron) offset(t time.Time) time.Duration {
	_, seconds := t.In(c.zone).Zone()
	return time.Duration(seconds) * time.Second
}

// within is the first slot after a moment if the zone always had this offset;
// zero if there is none in nine years, which is longer than from one leap day
// to the next.
func (c *Cron) within(offset time.Duration, after time.Time) time.Time {
	spec := c.spec
	spec.Location = time.FixedZone("", int(offset/time.Second))
	slot := spec.Next(after)
	if slot.IsZero() {
		// The library gives up after five.
		slot = spec.Next(after.AddDate(4, 0, 0))
	}
	return slot
}

func (c *Cron) everyHour() bool {
	const all = 1<<24 - 1
	return c.spec.Hour&all == all
}

// latest is the newest slot after one moment and not after another. It halves
// the time between them: there may be years of minutes.
func latest(slots Slots, after, until time.Time) (slot time.Time, found bool) {
	if slots.Next(after).After(until) {
		return time.Time{}, false
	}
	for until.Sub(after) > time.Second {
		middle := after.Add(until.Sub(after) / 2)
		if slots.Next(middle).After(until) {
			until = middle
		} else {
			after = middle
		}
	}
	return slots.Next(after), true
}
