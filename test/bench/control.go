package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// stranger is a cluster of one member of plain etcd, which has nothing to do
// with the cluster that is written to but the machine. What the writer suffers
// while some come or go it would suffer from anybody's pods.
type stranger struct {
	b    *bench
	name string
}

// strangers starts so many, one after the other, as Quorate does with members.
func (b *bench) strangers(ctx context.Context, count int) ([]stranger, error) {
	var all []stranger
	for i := range count {
		s := stranger{b, fmt.Sprintf("stranger-%d", i)}
		all = append(all, s)
		if err := s.start(ctx); err != nil {
			return all, fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	return all, nil
}

// part ends them, one after the other.
func part(ctx context.Context, all []stranger) error {
	for _, s := range all {
		if err := s.end(ctx); err != nil {
			return fmt.Errorf("end %s: %w", s.name, err)
		}
	}
	return nil
}

func (s stranger) start(ctx context.Context) error {
	secrets, err := bareSecrets(s.name)
	if err != nil {
		return err
	}
	set := bareStatefulSet(s.name, s.b.options.etcdImage, 1)
	objects := []client.Object{barePeers(s.name), set}
	for _, secret := range secrets {
		objects = append(objects, secret)
	}
	for _, o := range objects {
		if err := client.IgnoreAlreadyExists(s.b.Create(ctx, o)); err != nil {
			return err
		}
	}
	return await(ctx, s.name+" is Ready", func() (bool, error) {
		err := s.b.Get(ctx, client.ObjectKeyFromObject(set), set)
		return set.Status.ReadyReplicas == 1, err
	})
}

// end returns once pod and claim are gone.
func (s stranger) end(ctx context.Context) error {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: bareMeta(claimName(s.name, 0), s.name)}
	pod := &corev1.Pod{ObjectMeta: bareMeta(s.name+"-0", s.name)}
	for _, o := range []client.Object{&appsv1.StatefulSet{ObjectMeta: bareMeta(s.name, s.name)}, claim} {
		if err := client.IgnoreNotFound(s.b.Delete(ctx, o)); err != nil {
			return err
		}
	}
	return await(ctx, s.name+" is gone", func() (bool, error) {
		for _, o := range []client.Object{pod, claim} {
			if err := s.b.Get(ctx, client.ObjectKeyFromObject(o), o); client.IgnoreNotFound(err) != nil || err == nil {
				return false, err
			}
		}
		return true, nil
	})
}

// disturb lets as many strangers come, or go, as members do in a change, and
// returns the time in which they did.
func (b *bench) disturb(ctx context.Context, c change) (window, error) {
	count := max(c.from, c.to) - min(c.from, c.to)
	begun := time.Now()
	all, err := b.strangers(ctx, int(count))
	came := window{begun, time.Now().Add(tail)}
	if err == nil {
		err = pause(ctx, 2*tail) // and what their coming did is over before they go
	}
	begun = time.Now()
	if err := part(context.WithoutCancel(ctx), all); err != nil {
		return came, err
	}
	went := window{begun, time.Now().Add(tail)}
	if err == nil {
		err = pause(ctx, tail)
	}
	if c.in() {
		return went, err
	}
	return came, err
}
