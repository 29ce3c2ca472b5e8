package agent

import (
	"context"
	"expvar"
	"fmt"
	"time"

	"github.com/quorate/quorate/internal/etcd"
)

// handOverPatience bounds the attempt: a stop must not wait for a quorum.
const handOverPatience = time.Second

// handOver moves leadership away from this member, if it leads, to the voter
// that has most of the log. It returns the new leader, or zero if this member
// did not lead or nobody else can.
func (s *server) handOver(ctx context.Context) (etcd.MemberID, error) {
	self := uint64(s.id())
	if s.Server.Lead() != self {
		return 0, nil
	}
	successor, known := s.successor(self)
	if known && successor == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, handOverPatience)
	defer cancel()
	if !known {
		return 0, s.handOverByConnection(ctx)
	}
	if err := s.Server.MoveLeader(ctx, self, successor); err != nil {
		return 0, fmt.Errorf("move leadership to %s: %w", etcd.MemberID(successor), err)
	}
	return etcd.MemberID(successor), nil
}

// handOverByConnection leaves the choice to etcd: the voter that has been
// connected for longest.
func (s *server) handOverByConnection(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- s.transferLeadership() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("move leadership: %w", ctx.Err())
	}
}

// raftStatus is raft's own view. etcd shows it nowhere but in expvar, for the
// last server that the process started; known is false when that is not this one.
func (s *server) raftStatus() (status raftView, known bool) {
	published, ok := expvar.Get("raft.status").(expvar.Func)
	if !ok {
		return status, false
	}
	status, ok = published.Value().(raftView)
	return status, ok && status.ID == uint64(s.id())
}

// successor chooses by raft's view of the followers.
func (s *server) successor(self uint64) (id uint64, known bool) {
	status, known := s.raftStatus()
	if !known || len(status.Progress) == 0 {
		return 0, false
	}
	return bestSuccessor(self, status.Progress), true
}

// bestSuccessor prefers a voter that answers and is being replicated to, then
// the longest log, then the lowest ID so that the choice is stable. Zero means
// that no other voter has been heard of lately.
func bestSuccessor(self uint64, progress map[uint64]raftProgress) uint64 {
	var best uint64
	for id, p := range progress {
		if id == self || p.IsLearner || !p.RecentActive || p.State != replicating {
			continue
		}
		if best == 0 || p.Match > progress[best].Match || (p.Match == progress[best].Match && id < best) {
			best = id
		}
	}
	return best
}
