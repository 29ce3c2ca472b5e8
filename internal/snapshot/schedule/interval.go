package schedule

import (
	"errors"
	"time"
)

// Interval has slots at a distance from each other, for drills.
type Interval struct {
	every time.Duration
	first time.Time
}

// NewInterval has its first slot in the minute of a moment, such as when the
// schedule was created. It is a whole number of minutes; the error is a
// *FieldError.
func NewInterval(every time.Duration, first time.Time) (Interval, error) {
	if every < time.Minute || every%time.Minute != 0 {
		return Interval{}, &FieldError{"interval", every.String(), errors.New("it takes whole minutes, at least one")}
	}
	return Interval{every, minute(first)}, nil
}

// Next is the first slot after a moment, in UTC.
func (i Interval) Next(after time.Time) time.Time {
	if after.Before(i.first) {
		return i.first
	}
	return i.first.Add((after.Sub(i.first)/i.every + 1) * i.every)
}

// Zone is UTC.
func (i Interval) Zone() *time.Location { return time.UTC }

func (i Interval) String() string {
	return "every " + i.every.String() + " from " + i.first.Format(time.RFC3339)
}

// minute is the one that a moment lies in.
func minute(t time.Time) time.Time { return t.UTC().Truncate(time.Minute) }
