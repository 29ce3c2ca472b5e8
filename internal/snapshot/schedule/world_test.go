package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is an EtcdBackupSchedule and an operator that does what Next decides.
type world struct {
	t     *testing.T
	spec  Spec
	terms Terms
	now   time.Time
	// created is the schedule's creation.
	created time.Time
	// backups are those that exist, in the order in which they were begun.
	backups []backup
	// remembered is the newest slot in the status.
	remembered time.Time
	takes      time.Duration
	said       string
}

type backup struct {
	name string
	slot time.Time
	ends time.Time
	done bool
}

// at lets time go on: what takes until then has ended.
func (w *world) at(now time.Time) {
	w.now = now
	for i, b := range w.backups {
		w.backups[i].done = b.done || !b.ends.After(now)
	}
}

func (w *world) state() State {
	s := State{Created: w.created, Since: w.terms.Since}
	for _, b := range w.backups {
		s.Made = append(s.Made, b.slot)
		if !b.done {
			s.Running = append(s.Running, b.name)
		}
	}
	if !w.remembered.IsZero() {
		s.Made = append(s.Made, w.remembered)
	}
	return s
}

// decide asks twice, the second time with what was made in another order, and
// a moment later: as long as nothing is to happen in between, the same is said.
func (w *world) decide() Decision {
	w.t.Helper()
	w.terms = w.terms.Renew(w.spec.Slots, w.spec.Suspended, w.now)
	state := w.state()
	d := Next(w.spec, state, w.now)
	slices.Reverse(state.Made)
	later := w.now
	if d.NextRun.Sub(w.now) > time.Second && d.Outcome == Wait {
		later = later.Add(time.Second)
	}
	if e := Next(w.spec, state, later); e.Message != d.Message || e.Name != d.Name || !e.NextRun.Equal(d.NextRun) {
		w.t.Fatalf("at %v: %+v\na second later: %+v", w.now, d, e)
	}
	w.wellFormed(d)
	return d
}

func (w *world) wellFormed(d Decision) {
	w.t.Helper()
	due := d.Slot.Add(Offset(w.spec.UID, w.spec.Jitter))
	switch {
	case d.Reason == "" || d.Message == "" || (d.Outcome == Run) != (d.Name != ""):
		w.t.Fatalf("incomplete: %+v", d)
	case d.Reason == ReasonSuspended:
		return
	case !d.NextRun.After(w.now) || d.After <= 0 || d.After > glance:
		w.t.Fatalf("at %v nobody asks again in time: %+v", w.now, d)
	case d.Outcome == Run && len(d.Name) > MaxName:
		w.t.Fatalf("the name is too long: %+v", d)
	case d.Outcome == Run && d.Reason != ReasonFirstRun && due.After(w.now):
		w.t.Fatalf("before its time, %v: %+v", w.now, d)
	case d.Outcome == Run && d.Reason != ReasonFirstRun && w.spec.StartingDeadline > 0 && w.now.Sub(due) > w.spec.StartingDeadline:
		w.t.Fatalf("too late, %v: %+v", w.now, d)
	}
}

// make does what was decided; one that exists already is a conflict.
func (w *world) make(d Decision) {
	w.remembered = d.Slot
	if slices.ContainsFunc(w.backups, func(b backup) bool { return b.name == d.Name }) {
		w.t.Fatalf("%s is made twice", d.Name)
	}
	slot, ok := SlotOf(w.spec.Schedule, d.Name)
	if !ok || !slot.Equal(minute(d.Slot)) {
		w.t.Fatalf("the slot of %s is %v, not %v", d.Name, slot, d.Slot)
	}
	w.backups = append(w.backups, backup{name: d.Name, slot: slot, ends: w.now.Add(w.takes)})
}

// run is the life of an operator until a moment: it decides, does, and asks
// again when it was told to or something ends. It tells what it says anew.
func (w *world) run(until time.Time) string {
	var out strings.Builder
	for {
		d := w.decide()
		out.WriteString(w.tell(d))
		next := until
		if d.Outcome == Run {
			w.make(d)
			continue
		}
		if at := w.now.Add(d.After); d.After > 0 && at.Before(next) {
			next = at
		}
		for _, b := range w.backups {
			if !b.done && b.ends.Before(next) {
				next = b.ends
			}
		}
		if !next.Before(until) {
			w.at(until)
			return out.String()
		}
		w.at(next)
	}
}

// jump sets the clock; what runs takes as long as before.
func (w *world) jump(to time.Time) {
	for i, b := range w.backups {
		w.backups[i].ends = b.ends.Add(to.Sub(w.now))
	}
	w.now = to
}

// tell writes what is decided, unless that was said before.
func (w *world) tell(d Decision) string {
	if d.Outcome == Wait && d.Message == w.said {
		return ""
	}
	w.said = d.Message
	name := d.Name
	if name != "" {
		name = " " + name
	}
	if d.Backup != "" {
		name += " of " + d.Backup
	}
	return fmt.Sprintf("%s %s %s%s\n    %s\n", w.now.In(w.spec.Slots.Zone()).Format("01-02 15:04:05 MST"), d.Outcome, d.Reason, name, d.Message)
}
