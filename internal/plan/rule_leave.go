package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
)

// leave takes one member off the member list, step by step: clients first,
// then leadership, then the membership itself. Nothing of it begins while the
// voters that would remain are no quorum of themselves.
func (w *world) leave(s seat, reason Reason, why string) *Decision {
	if !w.spare(s) {
		return w.cannotSpare(s, reason, why)
	}
	if s.entry.IsLearner {
		return act(RemoveMember{s.at.Name, s.entry.ID}, reason, fmt.Sprintf("Removing learner %s: %s.", s, why))
	}
	if d := w.relieve(s, reason, fmt.Sprintf("has to leave (%s)", why)); d != nil {
		return d
	}
	return act(RemoveMember{s.at.Name, s.entry.ID}, reason, fmt.Sprintf("Removing %s: %s.", s, why))
}

// relieve takes from a voter what others have to do in its place, step by step:
// its clients first, then leadership; nil when it has neither.
func (w *world) relieve(s seat, reason Reason, hasTo string) *Decision {
	if w.sound(s) {
		switch s.at.Clients {
		case ClientsWelcome:
			if !w.othersServe(s) {
				return awaitSeats(w.unsound(s.entry.ID), reason, fmt.Sprintf("%s %s, and no other voter serves clients yet. %s", s, hasTo, w.seatWhys(w.unsound(s.entry.ID))))
			}
			return act(Withdraw{[]etcd.MemberName{s.at.Name}}, reason, fmt.Sprintf("%s %s; it leaves the client Service first.", s, hasTo))
		case ClientsLeaving:
			return wait(reason, fmt.Sprintf("%s %s; waiting until no client is sent to it any more.", s, hasTo))
		case ClientsConnected:
			return act(Drain{s.at.Name}, reason, fmt.Sprintf("%s %s; its clients are told to connect to another member.", s, hasTo))
		}
	}
	if w.leader() != s.entry.ID {
		return nil
	}
	if !s.runs() {
		return wait(reason, fmt.Sprintf("%s %s, but other members follow it as their leader, so it runs: only the operator does not reach it. Nothing is done before they follow another one. Mend the operator's way to it, or move leadership yourself: etcdctl move-leader.", s, hasTo))
	}
	return w.handOver(s, reason, hasTo)
}

// othersServe reports whether clients are sent to another voter, so that their
// Service does not become empty.
func (w *world) othersServe(s seat) bool {
	for _, other := range w.soundWithout(s.entry.ID) {
		if other.at.Clients == ClientsWelcome && other.at.Ready {
			return true
		}
	}
	return false
}

// handOver moves leadership away from a member, preferably to one that need not
// hand it over again.
func (w *world) handOver(s seat, reason Reason, hasTo string) *Decision {
	to, ok := w.successor(s)
	if !ok {
		return wait(reason, fmt.Sprintf("%s leads and %s; waiting for another voter that has caught up. %s", s, hasTo, w.seatWhys(w.unsound(s.entry.ID))))
	}
	return act(MoveLeader{s.at.Name, to.at.Name, s.entry.ID, to.entry.ID}, reason, fmt.Sprintf("%s leads and %s; leadership moves to %s.", s, hasTo, to))
}

// successor is the sound voter that leadership moves to: caught up, one that
// stays, is on a node that is not cordoned and need not restart if there is any,
// the lowest ordinal.
func (w *world) successor(from seat) (seat, bool) {
	var best seat
	least, found := 0, false
	for _, s := range w.soundWithout(from.entry.ID) {
		if !w.caughtUp(s) {
			continue
		}
		cost := 0
		if w.outgoing(s) != "" {
			cost += 4
		}
		if s.at.Cordoned {
			cost += 2
		}
		if s.at.Stale != "" {
			cost++
		}
		if !found || cost < least {
			best, least, found = s, cost, true
		}
	}
	return best, found
}

// cannotSpare says why a member that has to go cannot go yet. Of a lost one
// that is a person's matter: what it waits for does not come by itself.
func (w *world) cannotSpare(s seat, reason Reason, why string) *Decision {
	remaining := len(w.voters()) - 1
	sound := len(w.soundWithout(s.entry.ID))
	if remaining == 0 {
		return blocked(ReasonMemberLost, fmt.Sprintf("%s: %s. It is the only voter, so it cannot be replaced.", s, why))
	}
	others := w.unsound(s.entry.ID)
	message := fmt.Sprintf("%s has to leave (%s), but of the %d voters that would remain only %d serve, and %d are needed. Nothing is done before. Waiting for %s.%s",
		s, why, remaining, sound, etcd.Quorum(remaining), w.seatWhys(others), w.declarable(others))
	if w.loss(s) != "" {
		return blocked(ReasonMemberLost, message)
	}
	return awaitSeats(others, reason, message)
}

// awaitSeats waits for members, or for a person where only one can help.
func awaitSeats(seats []seat, reason Reason, message string) *Decision {
	for _, s := range seats {
		if s.at == nil || s.at.Trouble != nil || s.at.refuses() {
			return blocked(reason, message)
		}
	}
	return wait(reason, message)
}
