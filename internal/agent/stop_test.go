package agent

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// leaderOf returns the pod that leads and the others.
func leaderOf(t *testing.T, pods []*pod) (leader *pod, others []*pod) {
	t.Helper()
	waitFor(t, "a leader", func() bool {
		leader, others = nil, nil
		for _, p := range pods {
			if r := p.report(); r.Etcd != nil && r.Etcd.Leader == r.Etcd.MemberID {
				leader = p
			} else {
				others = append(others, p)
			}
		}
		return leader != nil
	})
	return leader, others
}

// writer puts one key after another, each for so long at most, and keeps the
// longest pause between two that succeeded.
type writer struct {
	stop   context.CancelFunc
	done   sync.WaitGroup
	gap    time.Duration
	failed int
}

func startWriter(c *clientv3.Client, attempt time.Duration) *writer {
	ctx, cancel := context.WithCancel(context.Background())
	w := &writer{stop: cancel}
	w.done.Go(func() {
		last := time.Now()
		for i := 0; ctx.Err() == nil; i++ {
			try, cancel := context.WithTimeout(ctx, attempt)
			_, err := c.Put(try, fmt.Sprintf("written-%d", i%100), "v")
			cancel()
			if err != nil {
				w.failed++
				continue
			}
			w.gap, last = max(w.gap, time.Since(last)), time.Now()
		}
	})
	return w
}

// brief is for writes that are dropped when leadership moves: they hang.
const brief = 300 * time.Millisecond

func TestStopHandsLeadershipOver(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){"mtls": func(*Config) {}, "disabled": plain} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pods := newCluster(t, 3, change, func(c *Config) { c.Drain = 200 * time.Millisecond })
			form(t, pods)
			stopsAsLeader(t, pods)
		})
	}
}

func stopsAsLeader(t *testing.T, pods []*pod) {
	t.Helper()
	leader, others := leaderOf(t, pods)
	watching, stopWatching := context.WithCancel(t.Context())
	defer stopWatching()
	watch := watchThrough(t, watching, leader, others)
	w := startWriter(etcdClient(t, leader.as, others...), brief)
	term := others[0].report().Etcd.Term

	began, agent := time.Now(), leader.agent
	leader.cancel()
	waitFor(t, "a new leader while the old one still serves", func() bool {
		r := agent.report()
		return r.State == control.StateStopping && r.Etcd != nil && r.Etcd.Leader != 0 && r.Etcd.Leader != r.Etcd.MemberID
	})
	if status, body := leader.probe("/readyz"); status == http.StatusOK {
		t.Errorf("ready while stopping: %s", body)
	}
	if status, _ := leader.probe("/livez"); status != http.StatusOK {
		t.Errorf("not live while stopping: %d", status)
	}
	must(t, leader.stop())
	took := time.Since(began)
	w.stop()
	w.done.Wait()
	t.Logf("stop with an open watch took %v; the writer's longest gap was %v, %d writes failed", took, w.gap, w.failed)
	if took > 5*time.Second {
		t.Errorf("the open watch held the stop up for %v", took)
	}
	_, err := others[0].etcd().Put(t.Context(), "watched", "after")
	must(t, err)
	if event := <-watch; event.Err() != nil || len(event.Events) != 1 {
		t.Errorf("the watch did not go on at another member: %+v", event)
	}
	for _, p := range others {
		if got := p.report().Etcd.Term; got != term+1 {
			t.Errorf("term went from %d to %d: more than one election", term, got)
		}
	}
}

// watchThrough opens a watch on p, by a client that also knows the others.
func watchThrough(t *testing.T, ctx context.Context, p *pod, others []*pod) clientv3.WatchChan {
	t.Helper()
	c := p.etcd()
	watch := c.Watch(ctx, "watched", clientv3.WithCreatedNotify())
	if created := <-watch; !created.Created {
		t.Fatalf("got %+v", created)
	}
	c.SetEndpoints(p.config.ClientURL, others[0].config.ClientURL, others[1].config.ClientURL)
	return watch
}

func TestSecondSignalEndsTheDrain(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain, func(c *Config) { c.Drain = time.Hour })[0]
	form(t, []*pod{p})
	p.cancel()
	waitFor(t, "the drain", func() bool { return p.agent.report().State == control.StateStopping })
	if _, err := p.etcd().Put(t.Context(), "k", "v"); err != nil {
		t.Errorf("a draining member does not serve: %v", err)
	}
	p.agent.Hurry()
	p.agent.Hurry()
	must(t, <-p.ended)
	p.agent = nil
}

// Without a quorum a member is live and not ready, and stops at once.
func TestWithoutQuorum(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	form(t, pods)
	must(t, pods[1].stop())
	must(t, pods[2].stop())
	p := pods[0]
	waitFor(t, "unreadiness", func() bool { return !p.ready() })
	if status, body := p.probe("/livez"); status != http.StatusOK {
		t.Errorf("livez: %d %s", status, body)
	}
	if _, body := p.probe("/readyz"); !strings.Contains(body, "no leader") {
		t.Errorf("readyz says %q", body)
	}
	if r := p.report(); r.State != control.StateRunning || r.Etcd.Leader != 0 {
		t.Errorf("got %+v", r)
	}
	must(t, p.stop())
	p.start() // alone it cannot join, and still says what it sees, and stops
	waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
	if r := p.report(); r.State != control.StateStarting {
		t.Errorf("got %+v", r)
	}
	must(t, p.stop())
	pods[1].start()
	p.start()
	waitFor(t, "quorum again", func() bool { return p.ready() && pods[1].ready() })
}

// removeMember removes p through another pod.
func removeMember(t *testing.T, p, through *pod) {
	t.Helper()
	id := uint64(p.report().Etcd.MemberID)
	waitFor(t, "removal", func() bool {
		_, err := through.etcd().MemberRemove(t.Context(), id)
		return err == nil
	})
}

func TestRemovedMemberStaysUpAndSaysSo(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	form(t, pods)
	_, followers := leaderOf(t, pods)
	removeMember(t, followers[0], followers[1])
	checkRemoved(t, followers[0])
	must(t, followers[0].stop())
	followers[0].start()
	checkRemoved(t, followers[0])
}

// One that was down when it was removed learns it from its peers.
func TestMemberRemovedWhileDown(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	form(t, pods)
	_, followers := leaderOf(t, pods)
	gone := followers[0]
	id := uint64(gone.report().Etcd.MemberID)
	must(t, gone.stop())
	waitFor(t, "removal", func() bool {
		_, err := followers[1].etcd().MemberRemove(t.Context(), id)
		return err == nil
	})
	gone.start()
	checkRemoved(t, gone)
}

func checkRemoved(t *testing.T, p *pod) {
	t.Helper()
	waitFor(t, "the removal to be seen", func() bool { return p.report().State == control.StateRemoved })
	if r := p.report(); r.Etcd != nil || r.Message == "" {
		t.Errorf("got %+v", r)
	}
	waitFor(t, "the client port to be closed", func() bool {
		conn, err := net.Dial("tcp", p.host+":2379")
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if status, _ := p.probe("/livez"); status != http.StatusOK || len(p.ended) > 0 {
		t.Errorf("livez: %d", status)
	}
	if status, body := p.probe("/readyz"); status == http.StatusOK || !strings.Contains(body, "removed") {
		t.Errorf("readyz: %d %s", status, body)
	}
	_, err := p.admit("again", []control.Peer{p.peer()})
	refusedWith(t, err, "removed")
}

func TestBestSuccessor(t *testing.T) {
	t.Parallel()
	voter := func(match uint64) raftProgress {
		return raftProgress{Match: match, RecentActive: true, State: replicating}
	}
	silent, probed, learner := voter(99), voter(99), voter(99)
	silent.RecentActive = false
	probed.State = 0 // it is being probed
	learner.IsLearner = true
	for name, c := range map[string]struct {
		progress map[uint64]raftProgress
		want     etcd.MemberID
	}{
		"the longest log":       {map[uint64]raftProgress{1: voter(9), 2: voter(5), 3: voter(7)}, 3},
		"the lowest ID of two":  {map[uint64]raftProgress{1: voter(9), 3: voter(7), 2: voter(7)}, 2},
		"never one that is out": {map[uint64]raftProgress{1: voter(9), 2: silent, 3: probed, 4: learner, 5: voter(1)}, 5},
		"nobody":                {map[uint64]raftProgress{1: voter(9), 2: silent}, 0},
		"alone":                 {map[uint64]raftProgress{1: voter(9)}, 0},
	} {
		if got := bestSuccessor(1, c.progress); etcd.MemberID(got) != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
