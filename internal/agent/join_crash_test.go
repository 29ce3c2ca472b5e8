package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// record puts the agent's admission on p's volume, as it stands when the
// agent was killed after it had become durable.
func (p *pod) record(req control.JoinRequest, born bool) control.Admission {
	p.t.Helper()
	admission := control.Admission{ClusterID: req.ClusterID, MemberID: req.MemberID, Members: req.Members, Formed: true}
	must(p.t, volumeRecord{ID: "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11", Admission: &admission, Born: born}.write(p.layout()))
	return admission
}

// Cut short after any of its durable steps, a join is finished: by itself once
// there is data, by the same request before.
func TestJoinCutShort(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, p *pod, req control.JoinRequest)
		waits   bool
	}{
		"admitted": {func(_ *testing.T, p *pod, req control.JoinRequest) { p.record(req, false) }, true},
		"data half made": {func(t *testing.T, p *pod, req control.JoinRequest) {
			p.record(req, false)
			aside := layout(p.layout().birthDir())
			must(t, os.MkdirAll(aside.walDir(), 0o700))
			must(t, os.WriteFile(aside.walDir()+"/0000000000000000-0000000000000000.wal", []byte("half"), 0o600))
		}, true},
		"data made, not in place": {func(t *testing.T, p *pod, req control.JoinRequest) {
			must(t, p.layout().layLearner(p.record(req, false), zap.NewNop()))
			must(t, os.MkdirAll(p.layout().birthDir(), 0o700))
			must(t, os.Rename(p.layout().etcdDir(), layout(p.layout().birthDir()).etcdDir()))
		}, true},
		"data in place": {func(t *testing.T, p *pod, req control.JoinRequest) {
			must(t, p.layout().layLearner(p.record(req, false), zap.NewNop()))
		}, false},
		"known as born": {func(t *testing.T, p *pod, req control.JoinRequest) {
			must(t, p.layout().layLearner(p.record(req, true), zap.NewNop()))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			voter, p, req := learner(t, plain)
			c.prepare(t, p, req)
			p.start()
			if c.waits {
				r := p.report()
				if r.State != control.StateWaiting || r.Volume.Admission == nil || !strings.Contains(r.Message, "learner "+req.MemberID.String()) {
					t.Fatalf("got %+v", r)
				}
				other := req
				other.MemberID++
				_, err := p.join(other)
				refusedWith(t, err, "cannot become another")
				_, err = p.formed()
				refusedWith(t, err, "not born yet")
				_, err = p.join(req)
				must(t, err)
			}
			promote(t, []*pod{voter}, req.MemberID)
			waitFor(t, "readiness", p.ready)
			_, err := p.join(req) // its reply may have been lost
			must(t, err)
			_, err = p.formed()
			must(t, err)
			if _, err := os.Stat(p.layout().birthDir()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what an earlier join left is still there: %v", err)
			}
		})
	}
}

// A learner that lost its data may have acknowledged entries under its ID.
func TestLearnerEmptied(t *testing.T) {
	t.Parallel()
	_, p, req := learner(t, plain)
	p.start()
	_, err := p.join(req)
	must(t, err)
	waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
	must(t, p.stop())
	must(t, os.RemoveAll(p.layout().etcdDir()))
	p.start()
	if r := p.report(); r.State != control.StateRefused || r.Reason != control.ReasonDataLost {
		t.Fatalf("got %+v", r)
	}
	_, err = p.join(req)
	refusedWith(t, err, "its data is gone")
}

// Catching up goes through a time at which the database lists one member. That
// one is another, and the learner leaves the election to it.
func TestLearnerThatKnowsOneMember(t *testing.T) {
	t.Parallel()
	voter, p, req := learner(t, plain)
	founding, err := membership.NewClusterFromURLsMap(zap.NewNop(), "token-of-birth", mustURLs(t, voter))
	must(t, err)
	additions, err := foundingAdditions(founding)
	must(t, err)
	must(t, voter.stop())
	must(t, p.layout().lay(p.record(req, true), founding, additions, zap.NewNop()))
	p.start()
	waitFor(t, "the first entry", func() bool { r := p.report(); return r.Etcd != nil && r.Etcd.AppliedIndex == 1 })
	v := p.agent.look()
	if n := len(v.server.members()); n != 1 || v.server.mayStand(v.volume.Admission) {
		t.Errorf("it knows %d members and would stand for election", n)
	}
	if r := p.report(); !r.Etcd.IsLearner || r.State != control.StateStarting || p.ready() {
		t.Errorf("got %+v %+v", r, r.Etcd)
	}
	voter.start()
	promote(t, []*pod{voter}, req.MemberID)
	sameKeys(t, []*pod{voter, p})
}

func mustURLs(t *testing.T, pods ...*pod) map[string]types.URLs {
	t.Helper()
	urls, err := peerURLs(peersOf(pods))
	must(t, err)
	return urls
}

// fillFast puts keys from many clients at once.
func fillFast(t *testing.T, p *pod, keys, size int) {
	t.Helper()
	c, value := p.etcd(), strings.Repeat("v", size)
	var writers sync.WaitGroup
	for w := range 20 {
		writers.Go(func() {
			for i := w; i < keys; i += 20 {
				if _, err := c.Put(t.Context(), fmt.Sprintf("filled-%d", i), value); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
}

// insist does what the operator does: it repeats the request for as long as
// the agent waits for it.
func (p *pod) insist(ctx context.Context, req control.JoinRequest) {
	c := p.control()
	for ctx.Err() == nil {
		if r, err := c.Report(ctx); err == nil && r.State == control.StateWaiting {
			req.VolumeID = r.Volume.ID
			_, _ = c.Join(ctx, req) // the member is about to be killed
		}
	}
}

// caught says how far a learner had come.
func caught(d Disk) string {
	switch {
	case d.Contents() != control.ContentsData:
		return "nothing laid"
	case d.Log.Last == 0 && len(d.Database.Received) == 0:
		return "nothing received"
	case d.Log.Last == 0:
		return "database received"
	case d.Database.Applied == 0:
		return "received and not applied"
	case d.Database.Applied < d.Log.Last:
		return "partly applied"
	default:
		return "applied"
	}
}

// A learner is killed again and again, from before it is admitted until it has
// caught up, and joins all the same.
func TestJoinKilledAtAnyTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change     func(*Config)
		keys, size int
	}{
		"the log":            {plain, 80, 200_000},
		"the whole database": {plain, 400, 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			voter, p, req := learner(t, plain)
			fillFast(t, voter, c.keys, c.size)
			seen := map[string]int{}
			for range 12 {
				member := p.spawn()
				waitFor(t, "the agent", func() bool { _, err := p.control().Report(t.Context()); return err == nil })
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(int(600*time.Millisecond))))
				p.insist(ctx, req)
				cancel()
				must(t, member.Process.Kill())
				_ = member.Wait()
				disk, _ := Inspect(p.config.Dir)
				seen[caught(disk)]++
				must(t, removeDurable(p.layout().startsFile())) // patience has its own tests
			}
			t.Logf("killed at: %v", seen)
			member := p.spawn()
			waitFor(t, "the agent", func() bool { _, err := p.control().Report(t.Context()); return err == nil })
			ctx, cancel := context.WithCancel(t.Context())
			go p.insist(ctx, req)
			promote(t, []*pod{voter}, req.MemberID)
			cancel()
			waitFor(t, "readiness", p.ready)
			sameKeys(t, []*pod{voter, p})
			must(t, member.Process.Signal(syscall.SIGTERM))
			must(t, member.Wait())
		})
	}
}
