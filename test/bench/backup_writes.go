package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// calm is how long writes are watched before a backup.
const calm = 20 * time.Second

// measureWrites compares how long writes take before an EtcdBackup and while one
// is made at the pace that is Quorate's default, reading back included; and, on the
// same cluster right after, while one is made as fast as it goes, and while etcdctl
// saves: what a snapshot costs on this machine whoever takes it.
func (d *database) measureWrites(ctx context.Context) error {
	if err := d.discard(ctx); err != nil {
		return err
	}
	w, err := d.b.write(ctx, d.cluster.name())
	if err != nil {
		return err
	}
	defer w.remove(ctx)
	if err := pause(ctx, 2*tail); err != nil {
		return err
	}
	before := window{time.Now(), time.Now().Add(calm)}
	if err := pause(ctx, calm); err != nil {
		return err
	}
	fast, err := d.backup(ctx, "fast-under-load", unbounded)
	if err != nil {
		return err
	}
	if err := pause(ctx, 2*tail); err != nil {
		return err
	}
	ours, err := d.backup(ctx, "under-load", "")
	if err != nil {
		return err
	}
	if err := pause(ctx, 2*tail); err != nil {
		return err
	}
	theirs, err := d.b.runPeer(ctx, d.savePod("etcdctl", d.store.Name, peerFolder+"/etcdctl.db"))
	if err != nil {
		return err
	}
	h, err := w.stop(ctx)
	if err != nil {
		return err
	}
	rest, mine, hasty, plain := h.latencies(before), h.latencies(ours.window()), h.latencies(fast.window()), h.latencies(theirs.window())
	if len(rest) == 0 || len(mine) == 0 || len(hasty) == 0 || len(plain) == 0 {
		return errors.New("nothing was written in one of the windows")
	}
	note("writes, one put each %v: before %s; during an EtcdBackup of %.1f s %s; of one without a bound of %.1f s %s; while etcdctl saves for %.1f s %s", writerInterval,
		spread(rest), ours.Duration().Seconds(), spread(mine), fast.Duration().Seconds(), spread(hasty), theirs.duration().Seconds(), spread(plain))
	for _, p := range ours.phases() {
		note("of it, while it %s for %.1f s: %s", p.what, p.to.Sub(p.from).Seconds(), spread(h.latencies(p.window)))
	}
	p99 := func(sorted []time.Duration) float64 { return milliseconds(quantile(sorted, 0.99)) }
	figure("writes.p99.ms", p99(rest), "ms", goal{})
	figure("writes.p99.ratio", p99(mine)/p99(rest), "ratio", atMost(1.2))
	figure("writes.unbounded.p99.ratio", p99(hasty)/p99(rest), "ratio", goal{})
	figure("writes.etcdctl.p99.ratio", p99(plain)/p99(rest), "ratio", goal{})
	return nil
}

// phase is a part of a backup.
type phase struct {
	what string
	window
}

// phases are the parts in which a backup was made: hashing, saving and reading
// back come one after the other, and the manifest, which is small, is written last.
func (s saved) phases() []phase {
	end := s.window().to
	reading := end.Add(-s.ReadBack())
	saving := reading.Add(-s.Saved())
	return []phase{
		{"chooses a member and has it hash its keys", window{s.CreatedAt, saving}},
		{"saves", window{saving, reading}},
		{"reads back", window{reading, end}},
	}
}

// spread tells how long writes took.
func spread(sorted []time.Duration) string {
	return fmt.Sprintf("median %.1f ms, p99 %.1f ms, at most %.1f ms of %d", milliseconds(quantile(sorted, 0.5)),
		milliseconds(quantile(sorted, 0.99)), milliseconds(quantile(sorted, 1)), len(sorted))
}
