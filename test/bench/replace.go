package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// measureReplace deletes the claim and the pod of each member in turn, and
// waits until it is back as a voter under another ID.
func (b *bench) measureReplace(ctx context.Context) error {
	if err := b.remove(ctx, ours{}, bare{}); err != nil {
		return err
	}
	s, err := b.scalable(ctx, "replace", replicas)
	if err != nil {
		return err
	}
	defer s.remove(ctx)
	if err := s.fill(ctx); err != nil {
		return err
	}
	var seconds []float64
	for round := range max(b.options.rounds, replicas) {
		name, leader := s.member(round%replicas), s.object.Status.Leader
		took, err := s.replace(ctx, round%replicas)
		if err != nil {
			return fmt.Errorf("replace %s: %w", name, err)
		}
		note("replace %s (%s led): %.2f s; load %s", name, leader, took, firstFields("/proc/loadavg", 1))
		seconds = append(seconds, took)
	}
	figure("replace.seconds", median(seconds), "seconds", atMost(20))
	return nil
}

// fill writes a small data set: some thousand revisions.
func (s *scalable) fill(ctx context.Context) error {
	w, err := s.b.write(ctx, s.name())
	if err != nil {
		return err
	}
	defer w.remove(ctx)
	return w.progress(ctx, 2000)
}

// replace loses a member's volume and pod.
func (s *scalable) replace(ctx context.Context, ordinal int) (float64, error) {
	name := s.member(ordinal)
	before := s.ids()[name]
	if before == "" {
		return 0, fmt.Errorf("%s has no ID: %s", name, s.says())
	}
	start := time.Now()
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claimName(s.name(), ordinal), Namespace: namespace}}
	if err := s.b.Delete(ctx, claim); err != nil {
		return 0, err
	}
	if err := s.b.Delete(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}); err != nil {
		return 0, err
	}
	err := await(ctx, name+" is another voter", func() (bool, error) {
		ready, err := s.ready(ctx)
		now := s.ids()[name]
		return ready && now != "" && now != before, err
	})
	took := time.Since(start).Seconds()
	if err != nil {
		return 0, fmt.Errorf("%w; it says: %s", err, s.says())
	}
	_, err = s.settled(ctx)
	return took, err
}
