package schedule

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"
)

// wallClocks are put forward and back: by an hour, by half of one, at
// midnight, by a day, twice a year and more often, or not at all.
var wallClocks = []string{
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "America/Sao_Paulo",
	"Pacific/Apia", "Africa/Casablanca", "Asia/Kolkata", "Asia/Tehran", "America/Caracas", "UTC",
}

// drawn is an expression whose fields are also known as sets.
type drawn struct {
	text                             string
	minute, hour, day, month, weekly map[int]bool
	anyDay, anyWeekday               bool
}

func drawCron(random *rand.Rand) drawn {
	var d drawn
	draw := func(low, high int, stars float64) (string, map[int]bool, bool) {
		set := map[int]bool{}
		if random.Float64() < stars {
			for v := low; v <= high; v++ {
				set[v] = true
			}
			return "*", set, true
		}
		var texts []string
		for range 1 + random.Intn(3) {
			from := low + random.Intn(high-low+1)
			to := from + random.Intn(high-from+1)
			step := 1 + random.Intn(7)
			text := fmt.Sprintf("%d-%d/%d", from, to, step)
			if random.Intn(2) == 0 {
				text, to, step = fmt.Sprint(from), from, 1
			}
			texts = append(texts, text)
			for v := from; v <= to; v += step {
				set[v] = true
			}
		}
		return strings.Join(texts, ","), set, false
	}
	var texts [5]string
	texts[0], d.minute, _ = draw(0, 59, 0.2)
	texts[1], d.hour, _ = draw(0, 23, 0.3)
	texts[2], d.day, d.anyDay = draw(1, 31, 0.8)
	texts[3], d.month, _ = draw(1, 12, 0.9)
	texts[4], d.weekly, d.anyWeekday = draw(0, 6, 0.7)
	d.text = strings.Join(texts[:], " ")
	return d
}

// names says whether the expression names what a wall clock shows.
func (d drawn) names(wall time.Time) bool {
	day, weekday := d.day[wall.Day()], d.weekly[int(wall.Weekday())]
	if d.anyDay || d.anyWeekday {
		day = day && weekday
	} else {
		day = day || weekday
	}
	return d.minute[wall.Minute()] && d.hour[wall.Hour()] && d.month[int(wall.Month())] && day
}

// shows is what a wall clock shows, as if it were in UTC.
func shows(t time.Time, zone *time.Location) time.Time {
	_, offset := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// isSlot looks at one minute and the wall clock around it.
func (d drawn) isSlot(t time.Time, zone *time.Location) bool {
	wall, before := shows(t, zone), shows(t.Add(-time.Minute), zone)
	if len(d.hour) == 24 {
		return d.names(wall)
	}
	for leapt := before.Add(time.Minute); leapt.Before(wall); leapt = leapt.Add(time.Minute) {
		if d.names(leapt) {
			return true
		}
	}
	if !d.names(wall) {
		return false
	}
	for back := time.Minute; back <= 3*time.Hour; back += time.Minute {
		if shows(t.Add(-back), zone).Equal(wall) {
			return false
		}
	}
	return true
}

// TestSlotsOfAnyExpression compares the slots of drawn expressions, around
// changes of wall clocks, with a look at every minute.
func TestSlotsOfAnyExpression(t *testing.T) {
	t.Parallel()
	slots := 0
	for seed := range int64(100) {
		random := rand.New(rand.NewSource(seed))
		name, d := wallClocks[random.Intn(len(wallClocks))], drawCron(random)
		c, err := Parse(d.text, name)
		if err != nil {
			if strings.Contains(err.Error(), "never") {
				continue
			}
			t.Fatalf("seed %d: %v", seed, err)
		}
		from := time.Date(2005+random.Intn(25), time.Month(1+random.Intn(12)), 1, 0, 0, 0, 0, time.UTC)
		if _, change := from.In(c.zone).ZoneBounds(); !change.IsZero() {
			from = minute(change).Add(-time.Duration(random.Intn(30*60)) * time.Minute)
		}
		until := from.Add(54 * time.Hour)
		var newestSlot time.Time
		next := c.Next(from)
		for at := from.Add(time.Minute); !at.After(until); at = at.Add(time.Minute) {
			if want, got := d.isSlot(at, c.zone), next.Equal(at); want != got || next.Before(at) {
				t.Fatalf("seed %d: %q in %s at %v (%v): a slot %t; next is %v", seed, d.text, name, at, at.In(c.zone), want, next)
			} else if got {
				slots, newestSlot, next = slots+1, at, c.Next(at)
			}
		}
		if got, found := latest(c, from, until); found == newestSlot.IsZero() || !got.Equal(newestSlot) {
			t.Fatalf("seed %d: the newest slot of %q in %s until %v is %v, not %v", seed, d.text, name, until, newestSlot, got)
		}
	}
	if slots < 5000 {
		t.Fatalf("only %d slots: the draw shows nothing", slots)
	}
}

// TestLastDayOfLeapYear: a slot after it is found from it and from before. If
// Go no longer says that the day ends before it does, stretch need not mend it.
// (The year is beyond what a time zone's file lists.)
func TestLastDayOfLeapYear(t *testing.T) {
	t.Parallel()
	c, err := Parse("30 2 * 2 *", "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2041, time.February, 1, 1, 30, 0, 0, time.UTC)
	for _, at := range []time.Time{
		time.Date(2040, time.December, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, time.December, 31, 0, 0, 0, 0, time.UTC),
		time.Date(2040, time.December, 31, 12, 0, 0, 0, time.UTC), time.Date(2040, time.December, 31, 23, 59, 59, 0, time.UTC),
	} {
		found := make(chan time.Time, 1)
		go func() { found <- c.Next(at) }()
		select {
		case got := <-found:
			if !got.Equal(want) {
				t.Errorf("after %v: %v", at, got)
			}
		case <-time.After(time.Minute):
			t.Fatalf("after %v: nothing is found", at)
		}
	}
	day := time.Date(2040, time.December, 31, 12, 0, 0, 0, time.UTC)
	if _, end := day.In(c.zone).ZoneBounds(); end.After(day) {
		t.Errorf("Go says that the stretch of %v ends at %v", day, end)
	}
}

// TestNextAlwaysComes: a slot lies after the moment it was asked for, is a
// whole minute, and is the first slot after any moment just before it.
func TestNextAlwaysComes(t *testing.T) {
	t.Parallel()
	for seed := range int64(60) {
		random := rand.New(rand.NewSource(seed))
		d := drawCron(random)
		c, err := Parse(d.text, wallClocks[random.Intn(len(wallClocks))])
		if err != nil {
			continue
		}
		at := time.Unix(random.Int63n(4e9), random.Int63n(1e9))
		for range 20 {
			slot := c.Next(at)
			if !slot.After(at) || slot.Location() != time.UTC || !slot.Equal(minute(slot)) || !c.Next(slot.Add(-1)).Equal(slot) {
				t.Fatalf("seed %d: after %v: %v of %s", seed, at, slot, c)
			}
			at = slot
		}
	}
}

// FuzzParse: whatever a user writes is an expression that has slots, or an
// error that names the field.
func FuzzParse(f *testing.F) {
	for _, expression := range []string{"0 3 * * *", "@hourly", "@every 1s", "CRON_TZ=", "TZ=a", "* * 29 2 *", "*/99 * * * *", "0-0/99999999999999999999 * * * *", "?/2 * ? * ?", "1,2,3-5/2 * * jan-mar mon", "\x00"} {
		for _, zone := range []string{"", "Europe/Berlin", "Local", "..", "\x00"} {
			f.Add(expression, zone)
		}
	}
	f.Fuzz(func(t *testing.T, expression, zone string) {
		c, err := Parse(expression, zone)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "schedule ") && !strings.HasPrefix(err.Error(), "timeZone ") {
				t.Errorf("the error names no field: %v", err)
			}
			return
		}
		from := time.Date(2026, time.November, 28, 9, 0, 0, 0, time.UTC)
		if slot := c.Next(from); !slot.After(from) || slot.After(from.AddDate(9, 0, 0)) {
			t.Errorf("after %v: %v", from, slot)
		}
	})
}

func BenchmarkNewestOfTenYears(b *testing.B) {
	c, err := Parse("0 3 29 2 *", "Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	until := time.Date(2026, time.November, 28, 9, 0, 0, 0, time.UTC)
	for range b.N {
		latest(c, until.AddDate(-10, 0, 0), until)
	}
}
