package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rollouts gathers what the rollouts of one contender came to.
type rollouts struct {
	gap                  time.Duration
	lost, failed, writes int
	seconds              []float64
	leaders              int // the most changes of leader in one rollout
	restGap              time.Duration
	restLost, restFailed int
}

// measureRollout restarts all members under a steady writer: ours because a
// setting has changed, and those of a bare StatefulSet because its template has,
// by Kubernetes' own RollingUpdate, in turns.
func (b *bench) measureRollout(ctx context.Context) error {
	if err := b.both(ctx, []contender{bare{}}); err != nil {
		return err
	}
	defer func() {
		if err := b.remove(context.WithoutCancel(ctx), bare{}); err != nil {
			note("the bare StatefulSet is left behind: %v", err)
		}
	}()
	s, err := b.scalable(ctx, "rollout", replicas)
	if err != nil {
		return err
	}
	defer s.remove(ctx)
	note("rollouts: open loop, one put each %v, %v for an attempt, given up after %v; from the change until the last member is Ready, and %v more",
		writerInterval, writerAttempt, writerPatience, tail)
	var mine, plain rollouts
	for round := range b.options.rounds {
		if err := b.rollout(ctx, s.name(), &mine, func(ctx context.Context) (int, error) { return s.restartAll(ctx, round) }); err != nil {
			return fmt.Errorf("roll out: %w", err)
		}
		if err := b.rollout(ctx, bare{}.name(), &plain, func(ctx context.Context) (int, error) { return 0, b.restartBare(ctx, round) }); err != nil {
			return fmt.Errorf("roll the bare StatefulSet out: %w", err)
		}
	}
	mine.print()
	figure("rollout.bare.gap.ms", milliseconds(plain.gap), "ms", goal{})
	figure("rollout.bare.failed.writes", float64(plain.lost), "writes", goal{})
	figure("rollout.bare.seconds", median(plain.seconds), "seconds", goal{})
	note("of the bare StatefulSet's %d writes %d attempts failed", plain.writes, plain.failed)
	return nil
}

func (r rollouts) print() {
	figure("rollout.gap.ms", milliseconds(r.gap), "ms", atMost(100))
	figure("rollout.failed.writes", float64(r.lost), "writes", atMost(0))
	figure("rollout.failed.attempts", float64(r.failed), "attempts", goal{})
	figure("rollout.leader.changes", float64(r.leaders), "changes", atMost(1))
	figure("rollout.seconds", median(r.seconds), "seconds", goal{})
	figure("rollout.rest.gap.ms", milliseconds(r.restGap), "ms", goal{})
	note("of %d writes; at rest, over the same time: %d writes and %d attempts failed", r.writes, r.restLost, r.restFailed)
}

// rollout writes through a cluster's Service while all its members restart, and
// then as long at rest.
func (b *bench) rollout(ctx context.Context, cluster string, all *rollouts, restart func(context.Context) (leaders int, err error)) error {
	w, err := b.write(ctx, cluster)
	if err != nil {
		return err
	}
	defer w.remove(ctx)
	if err := pause(ctx, 2*tail); err != nil {
		return err
	}
	start := time.Now()
	leaders, err := restart(ctx)
	if err != nil {
		return err
	}
	took := time.Since(start)
	changed := window{start, time.Now().Add(tail)}
	still := window{changed.to, changed.to.Add(changed.to.Sub(start))}
	if err := pause(ctx, time.Until(still.to)); err != nil {
		return err
	}
	h, err := w.stop(ctx)
	if err != nil {
		return err
	}
	rolled, rested := h.count(changed), h.count(still)
	all.gap, all.restGap = max(all.gap, rolled.gap), max(all.restGap, rested.gap)
	all.lost, all.failed, all.writes = all.lost+rolled.lost, all.failed+rolled.failedAttempts(), all.writes+rolled.writes
	all.restLost, all.restFailed = all.restLost+rested.lost, all.restFailed+rested.failedAttempts()
	all.leaders, all.seconds = max(all.leaders, leaders), append(all.seconds, took.Seconds())
	note("rollout of %s: gap %.1f ms at %s (at rest %.1f ms), failed writes %d, failed attempts %s of %d writes; %d changes of leader seen; %.2f s; load %s",
		cluster, milliseconds(rolled.gap), rolled.gapAt.UTC().Format("15:04:05.000"), milliseconds(rested.gap), rolled.lost, rolled.errors(), rolled.writes,
		leaders, took.Seconds(), firstFields("/proc/loadavg", 1))
	return nil
}

// restartAll changes a setting, waits until all members run with it, and counts
// the changes of leader that the status shows meanwhile.
func (s *scalable) restartAll(ctx context.Context, round int) (leaders int, err error) {
	base := s.object.DeepCopy()
	count := int64(20_000 + round)
	s.object.Spec.Etcd.SnapshotCount = &count
	if err := s.b.Patch(ctx, s.object, client.MergeFrom(base)); err != nil {
		return 0, err
	}
	leader := base.Status.Leader
	err = await(ctx, s.name()+" has rolled out", func() (bool, error) {
		ready, err := s.ready(ctx)
		if now := s.object.Status.Leader; now != "" && now != leader {
			leader = now
			leaders++
		}
		return ready, err
	})
	if err != nil {
		return leaders, fmt.Errorf("%w; it says: %s", err, s.says())
	}
	return leaders, nil
}

// restartBare changes the template and waits for the RollingUpdate.
func (b *bench) restartBare(ctx context.Context, round int) error {
	set := &appsv1.StatefulSet{ObjectMeta: bareMeta(bare{}.name(), bare{}.name())}
	key := client.ObjectKeyFromObject(set)
	if err := b.Get(ctx, key, set); err != nil {
		return err
	}
	base := set.DeepCopy()
	set.Spec.Template.Annotations = map[string]string{"round": fmt.Sprint(round)}
	if err := b.Patch(ctx, set, client.MergeFrom(base)); err != nil {
		return err
	}
	return await(ctx, "the bare StatefulSet has rolled out", func() (bool, error) {
		err := b.Get(ctx, key, set)
		done := set.Status.ObservedGeneration == set.Generation && set.Status.UpdatedReplicas == replicas &&
			set.Status.ReadyReplicas == replicas && set.Status.CurrentRevision == set.Status.UpdateRevision
		return done, err
	})
}
