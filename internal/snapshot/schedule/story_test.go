package schedule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // stories name time zones, wherever they are told

	"github.com/cockroachdb/datadriven"
)

// TestStories tells testdata/*.txt; `go test ./internal/snapshot/schedule
// -rewrite` writes the answers anew. Moments are local to the schedule's zone:
//
//	slots [zone=Europe/Berlin] [after=2026-11-28T12:00] [n=3]
//	                    print the slots of the expression below, or why it
//	                    has none
//	new [zone=..] [created=..] [name=demo] [uid=..] [jitter=1h] [deadline=10m] [takes=5m] [immediate] [suspended]
//	                    a schedule with the expression below, just created;
//	                    each of its backups takes so long
//	run until=..        let the operator live, and print what it decides
//	down until=..       let time pass without it
//	clock to=..         set the clock
//	set [suspended=true] [deadline=..] [takes=..]
//	                    change the spec; its expression, if there is one below
//	lose                delete all backups, and the status
//	name [schedule=..] slot=..
//	                    print the names for a slot
//	drill (as new; every=168h instead of an expression) now=..
//	                    print whether a drill is to be made of the backups
//	                    below: `name 2026-11-28T10:00 [verified]`, or
//	                    `made 2026-11-28T10:00`, or `running name`
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var w *world
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			args := arguments{t, d, time.UTC}
			if w != nil {
				args.zone = w.spec.Slots.Zone()
			}
			switch d.Cmd {
			case "slots":
				return tellSlots(args)
			case "name":
				return tellNames(args)
			case "drill":
				return tellDrill(args)
			case "new":
				w = newWorld(args)
			case "run":
				return w.run(args.moment("until"))
			case "down":
				w.at(args.moment("until"))
			case "clock":
				w.jump(args.moment("to"))
			case "set":
				args.set(&w.spec, &w.takes)
				if d.Input != "" {
					w.spec.Slots = args.cron(args.zone.String())
				}
			case "lose":
				w.backups, w.remembered, w.terms = nil, time.Time{}, Terms{}
			default:
				d.Fatalf(t, "unknown command")
			}
			return ""
		})
	})
}

type arguments struct {
	t    *testing.T
	d    *datadriven.TestData
	zone *time.Location
}

func (a arguments) text(key, otherwise string) string {
	a.d.MaybeScanArgs(a.t, key, &otherwise)
	return otherwise
}

func (a arguments) moment(key string) time.Time {
	return a.parse(a.text(key, "2026-11-28T12:00"))
}

func (a arguments) parse(text string) time.Time {
	layout := "2006-01-02T15:04:05"
	at, err := time.ParseInLocation(layout[:min(len(text), len(layout))], text, a.zone)
	if err != nil {
		a.d.Fatalf(a.t, "%v", err)
	}
	return at
}

func (a arguments) duration(key, otherwise string) time.Duration {
	length, err := time.ParseDuration(a.text(key, otherwise))
	if err != nil {
		a.d.Fatalf(a.t, "%v", err)
	}
	return length
}

func (a arguments) cron(zone string) *Cron {
	c, err := Parse(strings.TrimSpace(a.d.Input), zone)
	if err != nil {
		a.d.Fatalf(a.t, "%v", err)
	}
	return c
}

func (a arguments) set(spec *Spec, takes *time.Duration) {
	spec.Suspended = a.text("suspended", fmt.Sprint(spec.Suspended)) == "true"
	spec.StartingDeadline = a.duration("deadline", spec.StartingDeadline.String())
	*takes = a.duration("takes", takes.String())
}

func newWorld(a arguments) *world {
	c := a.cron(a.text("zone", ""))
	a.zone = c.Zone()
	w := &world{t: a.t, now: a.moment("created"), created: a.moment("created"), takes: 5 * time.Minute}
	w.spec = Spec{Schedule: a.text("name", "demo"), UID: a.text("uid", "3f0c"), Slots: c, Immediate: a.d.HasArg("immediate"), Jitter: a.duration("jitter", "0s")}
	a.set(&w.spec, &w.takes)
	return w
}

func tellSlots(a arguments) string {
	c, err := Parse(a.d.Input, a.text("zone", ""))
	if err != nil {
		if bad := new(FieldError); !errors.As(err, &bad) {
			a.d.Fatalf(a.t, "not a FieldError: %v", err)
		}
		return "spec." + err.Error() + "\n"
	}
	a.zone = c.Zone()
	var out strings.Builder
	n := 3
	a.d.MaybeScanArgs(a.t, "n", &n)
	slot := a.moment("after")
	for range n {
		slot = c.Next(slot)
		fmt.Fprintln(&out, slot.In(a.zone).Format("Mon 2006-01-02 15:04 MST"))
	}
	return out.String()
}

func tellNames(a arguments) string {
	schedule, slot := a.text("schedule", "demo"), a.moment("slot")
	return fmt.Sprintf("%s\n%s\n", Name(schedule, slot), DrillName(schedule, slot))
}

func tellDrill(a arguments) string {
	created, now := a.moment("created"), a.moment("now")
	drill := Drill{Schedule: "demo", UID: "3f0c"}
	var err error
	if every := a.duration("every", "0s"); every > 0 {
		drill.Slots, err = NewInterval(every, created)
	} else {
		drill.Slots, err = Parse(strings.ReplaceAll(a.text("cron", ""), "_", " "), "")
	}
	if err != nil {
		return "spec.drill." + err.Error() + "\n"
	}
	state := State{Created: created}
	var backups []Backup
	for _, line := range strings.Split(a.d.Input, "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case words[0] == "made":
			state.Made = append(state.Made, a.parse(words[1]))
		case words[0] == "running":
			state.Running = append(state.Running, words[1])
		default:
			backups = append(backups, Backup{words[0], a.parse(words[1]), len(words) > 2})
		}
	}
	d := NextDrill(drill, state, backups, now)
	w := world{now: now, spec: Spec{Slots: drill.Slots}}
	return w.tell(d)
}
