package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// replicas and size are the same for both.
const (
	replicas = 3
	size     = "1Gi"
)

// contender is one of the two ways to run etcd.
type contender interface {
	name() string
	// prepare makes what a user has ready before the clock starts.
	prepare(context.Context, *bench) error
	// create applies its objects and returns once three members are Ready.
	create(context.Context, *bench) error
	remove(context.Context, *bench) error
}

// measureCreate creates both in turns, each alone on the machine, and in the
// end both for what is measured next.
func (b *bench) measureCreate(ctx context.Context) error {
	contenders := []contender{ours{}, bare{}}
	seconds := map[string][]float64{}
	for turn := range b.options.runs + 1 {
		for _, c := range contenders {
			if err := b.remove(ctx, contenders...); err != nil {
				return err
			}
			took, err := b.timed(ctx, c)
			if err != nil {
				return err
			}
			if turn == 0 {
				note("create %s, warm-up: %.2f s", c.name(), took)
				continue
			}
			note("create %s, run %d: %.2f s", c.name(), turn, took)
			seconds[c.name()] = append(seconds[c.name()], took)
		}
		slices.Reverse(contenders)
	}
	mine, plain := median(seconds[ours{}.name()]), median(seconds[bare{}.name()])
	figure("create.seconds", mine, "seconds", goal{})
	figure("create.bare.seconds", plain, "seconds", goal{})
	figure("create.ratio", mine/plain, "ratio", atMost(1.5))
	return b.both(ctx, contenders)
}

func (b *bench) both(ctx context.Context, contenders []contender) error {
	if err := b.remove(ctx, contenders...); err != nil {
		return err
	}
	for _, c := range contenders {
		if _, err := b.timed(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// timed creates, and then checks that it is what it should be.
func (b *bench) timed(ctx context.Context, c contender) (float64, error) {
	if err := c.prepare(ctx, b); err != nil {
		return 0, fmt.Errorf("prepare %s: %w", c.name(), err)
	}
	start := time.Now()
	if err := c.create(ctx, b); err != nil {
		return 0, fmt.Errorf("create %s: %w", c.name(), err)
	}
	took := time.Since(start).Seconds()
	return took, b.checkVoters(ctx, c.name())
}

func (b *bench) remove(ctx context.Context, contenders ...contender) error {
	for _, c := range contenders {
		if err := c.remove(ctx, b); err != nil {
			return fmt.Errorf("remove %s: %w", c.name(), err)
		}
		if err := b.gone(ctx, c.name()); err != nil {
			return err
		}
	}
	return nil
}

// gone waits until no claim, volume or pod of a cluster is left: what is
// measured next must not share the machine with a removal.
func (b *bench) gone(ctx context.Context, name string) error {
	return await(ctx, "the claims of "+name+" are gone", func() (bool, error) {
		claims, pods := &corev1.PersistentVolumeClaimList{}, &corev1.PodList{}
		if err := b.List(ctx, claims, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		if err := b.List(ctx, pods, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		for _, claim := range claims.Items {
			if claimOf(claim.Name, name) {
				return false, nil
			}
		}
		for _, pod := range pods.Items {
			if podOf(pod.Name, name) {
				return false, nil
			}
		}
		volumes := &corev1.PersistentVolumeList{}
		if err := b.List(ctx, volumes); err != nil {
			return false, err
		}
		for _, volume := range volumes.Items {
			if ref := volume.Spec.ClaimRef; ref != nil && ref.Namespace == namespace && claimOf(ref.Name, name) {
				return false, nil
			}
		}
		return true, nil
	})
}

// podOf and claimOf tell by the name: "<cluster>-<ordinal>" and "data-<cluster>-<ordinal>".
func podOf(pod, name string) bool {
	ordinal, isPod := strings.CutPrefix(pod, name+"-")
	_, err := strconv.Atoi(ordinal)
	return isPod && err == nil
}

func claimName(name string, ordinal int) string { return fmt.Sprintf("data-%s-%d", name, ordinal) }

func claimOf(claim, name string) bool {
	member, isClaim := strings.CutPrefix(claim, "data-")
	return isClaim && podOf(member, name)
}
