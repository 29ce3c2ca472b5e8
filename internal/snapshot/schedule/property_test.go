package schedule

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"
)

// life is a world in which the clock leaps, the operator is away, backups are
// deleted and the spec changes, at moments that a seed draws.
type life struct {
	world
	random *rand.Rand
	log    []string
	// everMade has all slots, also of backups that are gone.
	everMade map[string]bool
}

func (l *life) note(format string, args ...any) {
	l.log = append(l.log, fmt.Sprintf("%s ", l.now.UTC().Format(time.RFC3339))+fmt.Sprintf(format, args...))
}

func newLife(t *testing.T, seed int64) *life {
	random := rand.New(rand.NewSource(seed))
	pick := func(texts ...string) string { return texts[random.Intn(len(texts))] }
	c, err := Parse(pick("0 * * * *", "*/5 * * * *", "30 2 * * *", "0 0 * * 0", "15 1-5 * * *", "* * * * *"), pick(wallClocks...))
	if err != nil {
		t.Fatal(err)
	}
	length := func(most time.Duration) time.Duration {
		return time.Duration(most.Seconds()*random.Float64()) * time.Second * time.Duration(random.Intn(2))
	}
	// Just before the clocks are changed in Europe.
	created := time.Date(2026, time.October, 24, random.Intn(24), random.Intn(60), random.Intn(60), 0, time.UTC)
	l := &life{random: random, everMade: map[string]bool{}}
	l.world = world{t: t, now: created, created: created, takes: length(90 * time.Minute)}
	l.spec = Spec{
		Schedule: "demo", UID: fmt.Sprint(seed), Slots: c, Immediate: random.Intn(2) == 0,
		Jitter: length(2 * time.Hour), StartingDeadline: length(3 * time.Hour),
	}
	l.note("%s, immediate %t, jitter %s, deadline %s, takes %s", c, l.spec.Immediate, l.spec.Jitter, l.spec.StartingDeadline, l.takes)
	return l
}

// decideAndDo is one pass of an operator, which may see an old view.
func (l *life) decideAndDo() {
	d := l.decide()
	if d.Outcome != Run {
		return
	}
	l.note("%s %s (%s)", d.Reason, d.Name, d.Message)
	state := l.state()
	switch {
	case len(state.Running) > 0:
		l.t.Fatalf("%s runs while %v does", d.Name, state.Running)
	case state.made(d.Slot):
		l.t.Fatalf("%s has been made", d.Name)
	case d.Reason != ReasonFirstRun && !l.spec.Slots.Next(d.Slot.Add(-1)).Equal(d.Slot):
		l.t.Fatalf("%v is not a slot", d.Slot)
	}
	for name, moment := range map[string]time.Time{"its creation": l.created, "its terms": l.terms.Since} {
		if d.Reason != ReasonFirstRun && !moment.After(l.now) && !moment.IsZero() && !d.Slot.After(moment) {
			l.t.Fatalf("%s is from before %s, %v", d.Name, name, moment)
		}
	}
	for _, made := range state.Made {
		if !made.After(l.now) && d.Reason != ReasonFirstRun && !d.Slot.After(made) {
			l.t.Fatalf("%s is older than what was made in %v", d.Name, made)
		}
	}
	l.make(d)
	l.everMade[d.Name] = true
	// Retention keeps some, and what runs.
	if over := len(l.backups) - 40; over > 0 && l.backups[0].done {
		l.backups = l.backups[over:]
	}
	// An old view shows neither the backup nor the status: it may only lead to
	// a name that is taken.
	stale := l.state()
	stale.Running = nil
	stale.Made = slices.DeleteFunc(stale.Made, func(t time.Time) bool { return t.Equal(minute(d.Slot)) })
	if again := Next(l.spec, stale, l.now); again.Outcome == Run && again.Name != d.Name {
		l.t.Fatalf("an old view makes %s beside %s", again.Name, d.Name)
	}
	// Never a burst: whatever was missed, this was all of it.
	stale = l.state()
	stale.Running = nil
	if again := Next(l.spec, stale, l.now); again.Outcome == Run {
		l.t.Fatalf("after %s at once %s", d.Name, again.Name)
	}
}

// live lets the operator live for a while, and counts what it makes.
func (l *life) live(length time.Duration) int {
	before := len(l.everMade)
	for until := l.now.Add(length); l.now.Before(until); {
		l.decideAndDo()
		next := until
		if d := l.decide(); d.After > 0 && l.now.Add(d.After).Before(next) {
			next = l.now.Add(d.After)
		}
		for _, b := range l.backups {
			if !b.done && b.ends.Before(next) {
				next = b.ends
			}
		}
		l.at(next)
	}
	return len(l.everMade) - before
}

func (l *life) disturb() {
	leap := time.Duration(l.random.ExpFloat64()*float64(6*time.Hour)) * time.Duration(1-2*l.random.Intn(2))
	switch l.random.Intn(8) {
	case 0:
		leap *= 200
		fallthrough
	case 1, 2:
		l.jump(l.now.Add(leap))
		l.note("the clock leapt by %s", leap)
	case 3:
		l.at(l.now.Add(leap.Abs()))
		l.note("the operator was away for %s", leap.Abs())
	case 4:
		l.spec.Suspended = !l.spec.Suspended
		l.note("suspended: %t", l.spec.Suspended)
		l.decide()
	case 5:
		l.backups = slices.DeleteFunc(l.backups, func(b backup) bool { return b.done && l.random.Intn(2) == 0 })
		l.note("backups were deleted; %d are left", len(l.backups))
	default:
	}
}

// TestAnyLife draws lives; a failure names its seed and tells the life.
func TestAnyLife(t *testing.T) {
	t.Parallel()
	made := 0
	for seed := range int64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLife(t, seed)
			defer func() {
				if t.Failed() {
					t.Log("\n" + strings.Join(l.log, "\n"))
				}
			}()
			for range 20 {
				l.disturb()
				l.live(time.Duration(l.random.Intn(300)) * time.Minute)
			}
			made += len(l.everMade)
			l.comesToRest()
		})
	}
	if made < 300 && !t.Failed() {
		t.Fatalf("only %d backups: the draw shows nothing", made)
	}
}

// comesToRest: whatever happened, from now on each slot has its backup, unless
// it was made when the clock was ahead, or another ran too long.
func (l *life) comesToRest() {
	l.t.Helper()
	l.spec.Suspended, l.spec.StartingDeadline, l.takes = false, 0, 0
	l.decide()
	l.live(2 * time.Hour)
	offset := Offset(l.spec.UID, l.spec.Jitter)
	begin := l.now.Add(-offset)
	if l.terms.Since.After(begin) {
		begin = l.terms.Since
	}
	l.note("rest")
	for slot, n := begin, 0; n < 6; n++ {
		slot = l.spec.Slots.Next(slot)
		l.live(slot.Add(offset).Sub(l.now) + time.Second)
		if !l.everMade[Name("demo", slot)] {
			l.t.Fatalf("nothing was made in %v", slot)
		}
	}
}

// TestJitterSpreads: a thousand schedules that all say `0 * * * *` begin
// evenly over the time given, and the same each hour.
func TestJitterSpreads(t *testing.T) {
	t.Parallel()
	c, err := Parse("0 * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, time.November, 28, 9, 59, 59, 0, time.UTC)
	perMinute := make([]int, 30)
	for i := range 1000 {
		spec := Spec{Schedule: "demo", UID: fmt.Sprintf("7f1c0b1e-2f6e-4b64-9d3e-%012d", i), Slots: c, Jitter: 30 * time.Minute}
		d := Next(spec, State{Created: now}, now)
		after := d.NextRun.Sub(now.Add(time.Second))
		if after < 0 || after >= spec.Jitter {
			t.Fatalf("%s begins %v after the hour", spec.UID, after)
		}
		perMinute[after/time.Minute]++
		later := Next(spec, State{Created: now}, now.Add(time.Hour))
		if later.Slot.Add(time.Hour).Add(after).Sub(d.NextRun) != time.Hour && !later.NextRun.Equal(d.NextRun.Add(time.Hour)) {
			t.Fatalf("%s begins at %v and at %v", spec.UID, d.NextRun, later.NextRun)
		}
	}
	if slices.Min(perMinute) < 15 || slices.Max(perMinute) > 60 {
		t.Errorf("in each minute: %v", perMinute)
	}
	if Offset("a", 0) != 0 || Offset("a", -time.Hour) != 0 || Offset("a", time.Second-1) != 0 {
		t.Error("an offset without jitter")
	}
}

// TestNames: names of slots are different, are read back, and nobody else's
// are.
func TestNames(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewSource(1))
	label := func(name string, size int) bool {
		return len(name) <= size && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
			!strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-")
	}
	seen := map[string]string{}
	for i := range 2000 {
		var schedule strings.Builder
		schedule.WriteByte("a0"[random.Intn(2)])
		for range random.Intn(250) {
			schedule.WriteByte("ab0-."[random.Intn(5)])
		}
		schedule.WriteString("z")
		slot := time.Date(2026, time.November, 28, 0, i, random.Intn(60), 0, time.FixedZone("", 3600*random.Intn(12)))
		name, drill := Name(schedule.String(), slot), DrillName(schedule.String(), slot)
		if !label(name, MaxName) || !label(drill, MaxDrillName) {
			t.Fatalf("%s and %s of %s", name, drill, schedule.String())
		}
		key := schedule.String() + slot.UTC().Format(time.RFC3339)
		if other, taken := seen[name]; taken && other != key {
			t.Fatalf("%s is of %s and of %s", name, other, key)
		}
		seen[name] = key
		for read, from := range map[string]func(string, string) (time.Time, bool){name: SlotOf, drill: DrillSlotOf} {
			if got, ok := from(schedule.String(), read); !ok || !got.Equal(minute(slot)) {
				t.Fatalf("%s is read as %v, %t", read, got, ok)
			}
			if _, ok := from("x"+schedule.String(), read); ok {
				t.Fatalf("another schedule takes %s for its own", read)
			}
		}
	}
	for _, name := range []string{"", "demo", "demo-", "demo-20261128023", "demo-202613280230", "demo-2026112802300", "demo-x-202611280230", "demo202611280230", "drill-demo-202611280230"} {
		if slot, ok := SlotOf("demo", name); ok {
			t.Errorf("%q is taken for the slot %v", name, slot)
		}
	}
}
