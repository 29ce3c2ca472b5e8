package main

import (
	"context"
	"fmt"
	"time"
)

// measurePeak compares what the Job's process holds for an empty database and for
// the large one, and fills it in between.
func (d *database) measurePeak(ctx context.Context) error {
	empty, err := d.backup(ctx, "empty", unbounded)
	if err != nil {
		return err
	}
	begun, size := time.Now(), d.b.options.databaseMiB
	if _, err := d.b.load(ctx, "fill", []string{d.cluster.name()}, "--endpoints="+service(d.cluster.name()), "--tls=/tls/"+d.cluster.name(), "fill", fmt.Sprint(size)); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	note("%d MiB were written in %.0f s", size, time.Since(begun).Seconds())
	// etcd goes on with the disk for a while.
	if err := pause(ctx, 5*time.Second); err != nil {
		return err
	}
	full, err := d.backup(ctx, "first", unbounded)
	if err != nil {
		return err
	}
	if full.Plain.Size < int64(size)*mebibyte {
		return fmt.Errorf("the database has only %d MiB", full.Plain.Size/mebibyte)
	}
	note("the Job held at most %.1f MiB for a database of %.1f MiB, and %.1f MiB for one of %.1f MiB",
		mib(full.peak), mib(full.Plain.Size), mib(empty.peak), mib(empty.Plain.Size))
	figure("backup.peak.mib", mib(full.peak-empty.peak), "MiB", atMost(64))
	return nil
}

func mib(bytes int64) float64 { return float64(bytes) / mebibyte }

// measureSaving lets an EtcdBackup and etcdctl save the same member onto the same
// volume in turns, each alone. What is compared is from the first byte asked for
// until the file is whole and synced: that an EtcdBackup also hashes the keys before,
// and reads all of it back after, is told beside it.
func (d *database) measureSaving(ctx context.Context) error {
	if err := d.allocate(ctx); err != nil {
		return fmt.Errorf("write to all of the store's volume: %w", err)
	}
	var mine, plain, whole, ratios []float64
	for turn := range d.b.options.rounds {
		var ours saved
		var theirs byHand
		turns := []func() error{
			func() (err error) {
				ours, err = d.backup(ctx, fmt.Sprint("turn-", turn), unbounded)
				return err
			},
			func() (err error) {
				theirs, err = d.b.runPeer(ctx, d.savePod("etcdctl", d.store.Name, peerFolder+"/etcdctl.db"))
				return err
			},
		}
		if turn%2 == 1 {
			turns[0], turns[1] = turns[1], turns[0]
		}
		for _, do := range turns {
			if err := d.discard(ctx); err != nil {
				return err
			}
			if err := do(); err != nil {
				return err
			}
		}
		note("save %.1f MiB, turn %d: an EtcdBackup %.2f s, and %.2f s to read it back, of %.2f s; etcdctl snapshot save %.2f s; load %s", mib(ours.Plain.Size), turn,
			ours.Saved().Seconds(), ours.ReadBack().Seconds(), ours.Duration().Seconds(), theirs.duration().Seconds(), firstFields("/proc/loadavg", 1))
		mine, plain, whole = append(mine, ours.rate()), append(plain, theirs.rate()), append(whole, ours.whole())
		ratios = append(ratios, ours.rate()/theirs.rate())
	}
	figure("backup.mib.per.s", median(mine), "MiB/s", goal{})
	figure("backup.etcdctl.mib.per.s", median(plain), "MiB/s", goal{})
	figure("backup.ratio", median(ratios), "ratio", atLeast(0.9))
	figure("backup.proven.mib.per.s", median(whole), "MiB/s", goal{})
	return nil
}
