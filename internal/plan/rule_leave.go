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
	if w.sound(s) {
		switch s.at.Clients {
		case ClientsWelcome:
			if !w.othersServe(s) {
				return awaitSeats(w.unsound(s.entry.ID), reason, fmt.Sprintf("%s is about to leave (%s), and no other voter serves clients yet. %s", s, why, w.seatWhys(w.unsound(s.entry.ID))))
			}
			return act(Withdraw{[]etcd.MemberName{s.at.Name}}, reason, fmt.Sprintf("%s is about to leave (%s); it leaves the client Service first.", s, why))
		case ClientsLeaving:
			return wait(reason, fmt.Sprintf("%s is about to leave (%s); waiting until no client is sent to it any more.", s, why))
		case ClientsConnected:
			return act(Drain{s.at.Name}, reason, fmt.Sprintf("%s is about to leave (%s); its clients are told to connect to another member.", s, why))
		}
	}
	if w.leader() == s.entry.ID {
		if !s.runs() {
			return wait(reason, fmt.Sprintf("%s has to leave (%s), but other members follow it as their leader, so it runs: only the operator does not reach it. Nothing is done before they follow another one. Mend the operator's way to it, or move leadership yourself: etcdctl move-leader.", s, why))
		}
		return w.handOver(s, reason, why)
	}
	return act(RemoveMember{s.at.Name, s.entry.ID}, reason, fmt.Sprintf("Removing %s: %s.", s, why))
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

// handOver moves leadership away from a member that is about to leave,
// preferably to one that stays.
func (w *world) handOver(s seat, reason Reason, why string) *Decision {
	to, ok := w.successor(s)
	if !ok {
		return wait(reason, fmt.Sprintf("%s leads and is about to leave (%s); waiting for another voter that has caught up. %s", s, why, w.seatWhys(w.unsound(s.entry.ID))))
	}
	return act(MoveLeader{s.at.Name, to.at.Name, s.entry.ID, to.entry.ID}, reason, fmt.Sprintf("%s leads and is about to leave (%s); leadership moves to %s.", s, why, to))
}

// successor is the sound voter that leadership moves to: caught up, one that
// stays if there is any, the lowest ordinal.
func (w *world) successor(from seat) (seat, bool) {
	var best seat
	found := false
	for _, s := range w.soundWithout(from.entry.ID) {
		if !w.caughtUp(s) {
			continue
		}
		if stays := w.outgoing(s) == ""; stays {
			return s, true
		}
		if !found {
			best, found = s, true
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
