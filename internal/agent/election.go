package agent

import (
	"context"
	"net"
	"net/url"
	"slices"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// At a birth there is no leader to wait for, and yet raft waits out an
// election timeout, half a second or more. One founding member, the same for
// all, asks itself to stand for election as soon as its peers can be reached.
// The only member of a cluster does so whenever it starts. Raft is safe
// whenever an election is held; if this one fails, the ordinary timeout brings
// the next.

const (
	electionPatience = 2 * time.Second // then it is left to the timeout
	electionPause    = 50 * time.Millisecond
	electionAttempts = 2
	electionAnswer   = 150 * time.Millisecond // a vote takes a few; the second attempt waits longer
)

// mayStand reports whether nobody else can be expected to lead. A learner that
// catches up goes through a time at which its database lists one member, and
// that is another.
func (s *server) mayStand(admitted *control.Admission) bool {
	if members := s.members(); len(members) == 1 {
		return members[0].ID == s.id() && !members[0].IsLearner
	}
	return admitted != nil && !admitted.Formed && s.eldest()
}

// hasApplied reports whether raft has applied all that it knows to be committed.
// A candidate looks through what is left for changes of the membership, and raft
// panics where etcd has dropped that from memory already: beyond a hundred
// entries it does so as soon as it has applied them, which raft itself learns a
// moment later. Where raft cannot be asked the ordinary timeout is waited for.
func (s *server) hasApplied() bool {
	status, known := s.raftStatus()
	return known && status.Applied >= committed(status)
}

// standForElection returns once a leader is known, or after electionPatience. Of
// a birth there are but a few entries.
func (s *server) standForElection(ctx context.Context, log *zap.Logger, birth bool) {
	ctx, cancel := context.WithTimeout(ctx, electionPatience)
	defer cancel()
	if !s.awaitPeers(ctx) {
		return
	}
	for stood := 0; stood < electionAttempts && s.Server.Lead() == 0 && ctx.Err() == nil; {
		if !birth && !s.hasApplied() {
			s.pause(ctx, electionPause/5, s.hasApplied)
			continue
		}
		term := s.Server.Term()
		if err := s.Server.Process(ctx, timeoutNow(uint64(s.id()))); err != nil {
			return // etcd is ending
		}
		// Raft ignores the request while founding entries wait to be applied.
		s.pause(ctx, electionPause/5, func() bool { return s.Server.Term() > term })
		if s.Server.Term() > term {
			stood++
			log.Info("standing for election", zap.Uint64("term", s.Server.Term()))
			s.pause(ctx, electionAnswer<<(2*(stood-1)), func() bool { return s.Server.Lead() != 0 })
		}
	}
}

// pause returns after d, or as soon as enough says so.
func (s *server) pause(ctx context.Context, d time.Duration, enough func() bool) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !enough() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		}
	}
}

// eldest reports whether this member has the lowest ID.
func (s *server) eldest() bool {
	for _, m := range s.members() {
		if m.ID < s.id() {
			return false
		}
	}
	return true
}

// awaitPeers waits until all other members accept connections from peers.
func (s *server) awaitPeers(ctx context.Context) bool {
	pending := s.members()
	for {
		pending = slices.DeleteFunc(pending, func(m *membership.Member) bool {
			return m.ID == s.id() || slices.ContainsFunc(m.PeerURLs, func(u string) bool { return accepts(ctx, u) })
		})
		if len(pending) == 0 {
			return true
		}
		select {
		case <-time.After(electionPause):
		case <-ctx.Done():
			return false
		case <-s.ended:
			return false
		}
	}
}

func accepts(ctx context.Context, peerURL string) bool {
	u, err := url.Parse(peerURL)
	if err != nil {
		return false
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
