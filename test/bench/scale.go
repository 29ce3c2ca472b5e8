package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// change is one change of the size.
type change struct{ from, to int32 }

func (c change) in() bool { return c.to < c.from }

func (c change) String() string { return fmt.Sprintf("%d->%d", c.from, c.to) }

var changes = []change{{1, 3}, {3, 5}, {5, 3}, {3, 1}}

// tail is how long after a change its effects still count.
const tail = time.Second

// gaps gathers what the changes came to.
type gaps struct {
	out, in, rest        time.Duration
	strangeOut           time.Duration // while strangers came
	strangeIn            time.Duration // while strangers went
	lost, failed, writes int
	restLost, restFailed int
	firstSeconds         []float64
	chances              int // scale-ins of which the writer went through a member that left
}

// measureScale changes the size up and down under a steady writer. Each change
// has a writer of its own, so that its connection may go to any member: in
// every other round, to one that leaves.
func (b *bench) measureScale(ctx context.Context) error {
	if err := b.remove(ctx, ours{}, bare{}); err != nil {
		return err
	}
	s, err := b.scalable(ctx, "scale", 1)
	if err != nil {
		return err
	}
	defer s.remove(ctx)
	note("gaps: open loop, one put each %v, %v for an attempt, given up after %v; from the change of the spec until the cluster is settled, and %v more; then the same at rest, for as long; then while as many one-member clusters of plain etcd, which have nothing to do with it, come or go (control)",
		writerInterval, writerAttempt, writerPatience, tail)
	var all gaps
	for round := range b.options.rounds {
		for _, c := range changes {
			if err := s.measure(ctx, c, round%2 == 0, &all); err != nil {
				if all.writes > 0 {
					note("incomplete:")
					all.print()
				}
				return fmt.Errorf("scale %s: %w", c, err)
			}
		}
	}
	all.print()
	return nil
}

func (g gaps) print() {
	figure("scaleout.gap.ms", milliseconds(g.out), "ms", atMost(100))
	figure("scalein.leader.gap.ms", milliseconds(g.in), "ms", atMost(100))
	figure("scaleout.control.gap.ms", milliseconds(g.strangeOut), "ms", goal{})
	figure("scalein.control.gap.ms", milliseconds(g.strangeIn), "ms", goal{})
	figure("scale.rest.gap.ms", milliseconds(g.rest), "ms", goal{})
	figure("scale.failed.writes", float64(g.lost), "writes", goal{})
	figure("scale.failed.attempts", float64(g.failed), "attempts", goal{})
	note("of %d writes; at rest, over the same time: %d writes and %d attempts failed; in %d scale-ins the writer's connection went to a member that left",
		g.writes, g.restLost, g.restFailed, g.chances)
	figure("scaleout.1to3.seconds", median(g.firstSeconds), "seconds", goal{})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measure makes one change and adds it to the figures.
func (s *scalable) measure(ctx context.Context, c change, leaving bool, all *gaps) error {
	w, through, err := s.writerThrough(ctx, c, leaving)
	if err != nil {
		return err
	}
	defer w.remove(ctx)
	if c.in() {
		if err := s.lead(ctx, s.member(int(c.from)-1)); err != nil {
			return err
		}
	}
	// What the pods that prepared this cost, and their ends, is no part of it.
	if err := pause(ctx, 2*tail); err != nil {
		return err
	}
	if err := w.progress(ctx, 100); err != nil {
		return err
	}
	start := time.Now()
	if err := s.resize(ctx, c.to); err != nil {
		return err
	}
	ready, err := s.settled(ctx)
	if err != nil {
		return err
	}
	changed := window{start, time.Now().Add(tail)}
	still := window{changed.to, changed.to.Add(changed.to.Sub(start))}
	if err := pause(ctx, time.Until(still.to)); err != nil {
		return err
	}
	control, err := s.b.disturb(ctx, c)
	if err != nil {
		return fmt.Errorf("disturb it: %w", err)
	}
	h, err := w.stop(ctx)
	if err != nil {
		return err
	}
	took := ready.Sub(start).Seconds()
	all.add(c, through, took, h.count(changed), h.count(still), h.count(control))
	return nil
}

func (g *gaps) add(c change, through place, took float64, changed, still, control tally) {
	kind, worst, strange := "scaleout", &g.out, &g.strangeOut
	if c.in() {
		kind, worst, strange = "scalein.leader", &g.in, &g.strangeIn
	}
	*worst, *strange, g.rest = max(*worst, changed.gap), max(*strange, control.gap), max(g.rest, still.gap)
	g.lost, g.failed, g.writes = g.lost+changed.lost, g.failed+changed.failedAttempts(), g.writes+changed.writes
	g.restLost, g.restFailed = g.restLost+still.lost, g.restFailed+still.failedAttempts()
	if through.leaves {
		g.chances++
	}
	if c == changes[0] {
		g.firstSeconds = append(g.firstSeconds, took)
	}
	note("%s %s, written through %s: gap %.1f ms at %s (at rest %.1f ms, control %.1f ms), failed writes %d, failed attempts %s of %d writes (at rest %d and %s); Ready after %.2f s; load %s",
		kind, c, through, milliseconds(changed.gap), changed.gapAt.UTC().Format("15:04:05.000"), milliseconds(still.gap), milliseconds(control.gap), changed.lost, changed.errors(),
		changed.writes, still.lost, still.errors(), took, firstFields("/proc/loadavg", 1))
}

// errors counts the failed attempts, and says why they failed.
func (t tally) errors() string {
	if len(t.attempts) == 0 {
		return "0"
	}
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(t.attempts)) {
		causes = append(causes, fmt.Sprintf("%d %s", t.attempts[cause], cause))
	}
	return fmt.Sprintf("%d (%s)", t.failedAttempts(), strings.Join(causes, ", "))
}

// place is the member that a writer's connection goes to.
type place struct {
	member string
	leaves bool
}

func (p place) String() string {
	if p.leaves {
		return p.member + ", which leaves"
	}
	return p.member
}

// writerThrough starts a writer and lets it dial until the Service has given
// it the wanted kind of member: one that will leave, or one that will stay.
func (s *scalable) writerThrough(ctx context.Context, c change, leaving bool) (*writer, place, error) {
	w, err := s.b.write(ctx, s.name())
	if err != nil {
		return nil, place{}, err
	}
	for range 100 {
		p, err := s.place(ctx, w, c)
		if err == nil && (!c.in() || p.leaves == leaving) {
			return w, p, nil
		}
		if err == nil {
			err = w.redial(ctx)
		}
		if err != nil {
			w.remove(ctx)
			return nil, place{}, err
		}
	}
	w.remove(ctx)
	return nil, place{}, errors.New("the Service never gave the writer the wanted kind of member")
}

// place finds the member that a writer writes through.
func (s *scalable) place(ctx context.Context, w *writer, c change) (place, error) {
	id, err := w.member(ctx)
	if err != nil {
		return place{}, err
	}
	ids := s.ids()
	for ordinal := range int(c.from) {
		if name := s.member(ordinal); ids[name] == id {
			return place{name, ordinal >= int(c.to)}, nil
		}
	}
	return place{}, fmt.Errorf("the writer's member %q is none of %v", id, ids)
}

// remove deletes the cluster and waits until nothing of it is left.
func (s *scalable) remove(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	err := s.b.Delete(ctx, s.object)
	if err == nil {
		err = s.b.gone(ctx, s.name())
	}
	if err != nil {
		note("the cluster %s is left behind: %v", s.name(), err)
	}
}
