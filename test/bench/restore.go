package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// restoreBump is Quorate's.
const restoreBump = 1_000_000_000

// measureRestore lets a cluster of three begin with the last backup, and before
// that has etcdutl restore the same database for three members by hand: at the same
// time, each on a volume of its own on a node of its own, as the members do.
//
// restore.seconds is from applying the EtcdCluster until it is Ready. The ratio is of
// what etcdutl does too: from when the snapshot lies on all three volumes until three
// members serve, over the slowest of the three etcdutl. That ours also has the grant, the
// start of etcd and the election in it is to its disadvantage.
func (d *database) measureRestore(ctx context.Context) error {
	backup := d.kept
	peers := handmade{d.b}
	defer peers.remove(context.WithoutCancel(ctx))
	if err := peers.save(ctx, d); err != nil {
		return err
	}
	d.removeCluster(ctx) // the machine is for the restores; the backup outlives it
	slowest, err := peers.restore(ctx)
	if err != nil {
		return err
	}
	peers.remove(ctx)
	begun := time.Now()
	s, err := d.b.scalable(ctx, "restored", replicas, large, func(c *v1alpha1.EtcdCluster) {
		c.Spec.Bootstrap = &v1alpha1.Bootstrap{Restore: &v1alpha1.RestoreSource{BackupName: backup}}
	})
	if err != nil {
		return err
	}
	defer s.remove(ctx)
	staged, err := s.staged(ctx)
	if err != nil {
		return err
	}
	took := s.served.Sub(begun)
	note("restore: on all volumes after %.2f s, Ready %.2f s later; the slowest of %d etcdutl snapshot restore at once %.2f s; load %s",
		staged.Sub(begun).Seconds(), s.served.Sub(staged).Seconds(), replicas, slowest.Seconds(), firstFields("/proc/loadavg", 1))
	figure("restore.seconds", took.Seconds(), "seconds", goal{})
	figure("restore.etcdutl.seconds", slowest.Seconds(), "seconds", goal{})
	figure("restore.ratio", s.served.Sub(staged).Seconds()/slowest.Seconds(), "ratio", atMost(1.3))
	return s.b.checkVoters(ctx, s.name())
}

// staged is when the last of the members had the snapshot on its volume.
func (s *scalable) staged(ctx context.Context) (last time.Time, err error) {
	for ordinal := range replicas {
		log, err := s.b.clientset.CoreV1().Pods(namespace).GetLogs(s.member(ordinal), &corev1.PodLogOptions{}).DoRaw(ctx)
		if err != nil {
			return last, fmt.Errorf("read the log of %s: %w", s.member(ordinal), err)
		}
		at, err := stagedAt(string(log))
		if err != nil {
			return last, fmt.Errorf("%s: %w", s.member(ordinal), err)
		}
		if at.After(last) {
			last = at
		}
	}
	return last, nil
}

// stagedAt finds the agent's word in a member's log.
func stagedAt(log string) (time.Time, error) {
	lines := bufio.NewScanner(strings.NewReader(log))
	lines.Buffer(nil, mebibyte)
	for lines.Scan() {
		var line struct {
			At  time.Time `json:"ts"`
			Msg string    `json:"msg"`
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "a snapshot is staged" {
			return line.At, nil
		}
	}
	return time.Time{}, fmt.Errorf("its log does not say when the snapshot was staged: %w", lines.Err())
}

// handmade are three volumes onto which a person restores with etcd's own tools.
type handmade struct{ b *bench }

const handmadeName = "byhand"

func (h handmade) claim(n int) string { return claimName(handmadeName, n) }

// save brings the snapshot onto each volume, as etcdctl does.
func (h handmade) save(ctx context.Context, d *database) error {
	for n := range replicas {
		if err := h.b.Create(ctx, dataClaim(h.claim(n), databaseSize)); err != nil {
			return err
		}
	}
	_, err := h.each(func(n int) *corev1.Pod {
		return d.savePod(fmt.Sprintf("%s-%d", handmadeName, n), h.claim(n), peerFolder+"/snapshot.db")
	})(ctx)
	return err
}

// restore returns the longest of the three.
func (h handmade) restore(ctx context.Context) (time.Duration, error) {
	all, err := h.each(func(n int) *corev1.Pod {
		return h.b.peerPod(fmt.Sprintf("%s-%d", handmadeName, n), h.claim(n), nil,
			"restore", peerFolder+"/snapshot.db", peerFolder+"/etcd", "m", fmt.Sprint(restoreBump))
	})(ctx)
	var longest time.Duration
	for _, t := range all {
		longest = max(longest, t.duration())
	}
	return longest, err
}

// each runs a pod for each volume at the same time, every one on another node.
func (h handmade) each(pod func(n int) *corev1.Pod) func(context.Context) ([]byHand, error) {
	return func(ctx context.Context) ([]byHand, error) {
		var all sync.WaitGroup
		took, failures := make([]byHand, replicas), make([]error, replicas)
		for n := range replicas {
			p := pod(n)
			p.Labels = bareLabels(handmadeName)
			p.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
				TopologyKey: corev1.LabelHostname, MaxSkew: 1, WhenUnsatisfiable: corev1.DoNotSchedule,
				LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels},
			}}
			all.Go(func() { took[n], failures[n] = h.b.runPeer(ctx, p) })
		}
		all.Wait()
		for _, err := range failures {
			if err != nil {
				return nil, err
			}
		}
		return took, nil
	}
}

// remove may be repeated.
func (h handmade) remove(ctx context.Context) {
	for n := range replicas {
		if err := client.IgnoreNotFound(h.b.Delete(ctx, dataClaim(h.claim(n), databaseSize))); err != nil {
			note("the claim %s is left behind: %v", h.claim(n), err)
		}
	}
	if err := h.b.gone(ctx, handmadeName); err != nil {
		note("%v", err)
	}
}
