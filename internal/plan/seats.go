package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// seat is one entry of the member list together with the pod that bears it.
// They are matched by peer URL, never by position.
type seat struct {
	entry etcd.Member
	// ordinal is the pod's number; -1 for a stranger.
	ordinal int
	// at is nil for a stranger: a member that is none of our pods.
	at *Member
}

// String names a seat for people: "demo-2 (8e9e05c52164694d)".
func (s seat) String() string {
	if s.at == nil {
		return fmt.Sprintf("%s at %s", s.entry.ID, strings.Join(s.entry.PeerURLs, ", "))
	}
	return fmt.Sprintf("%s (%s)", s.at.Name, s.entry.ID)
}

// seats joins the member list with the pods, in the order of ordinals.
func (w *world) seats() []seat {
	seats := make([]seat, 0, len(w.Etcd.Members))
	for _, entry := range w.Etcd.Members {
		s := seat{entry: entry, ordinal: -1}
		for i := range w.Members {
			if slices.Contains(entry.PeerURLs, w.Members[i].PeerURL) {
				s.ordinal, s.at = i, &w.Members[i]
				break
			}
		}
		seats = append(seats, s)
	}
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(cmp.Compare(a.ordinal, b.ordinal), cmp.Compare(a.entry.ID, b.entry.ID))
	})
	return seats
}

// voters and learners are the two kinds of seats.
func (w *world) voters() []seat {
	return slices.DeleteFunc(w.seats(), func(s seat) bool { return s.entry.IsLearner })
}

func (w *world) learners() []seat {
	return slices.DeleteFunc(w.seats(), func(s seat) bool { return !s.entry.IsLearner })
}

// listed reports whether the member list counts a pod.
func (w *world) listed(m Member) bool {
	_, ok := w.Etcd.Members.ByPeerURL(m.PeerURL)
	return ok
}

// up reports whether the seat's own etcd has been started in its pod, and runs
// whether it has joined too, by its agent's word.
func (s seat) up() bool {
	return s.at != nil && s.at.Agent != nil && s.at.Agent.Etcd != nil && s.at.Agent.Etcd.MemberID == s.entry.ID
}

func (s seat) runs() bool { return s.up() && s.at.Agent.State == control.StateRunning }

// sound reports whether a voter takes part in the quorum: it runs, follows the
// leader that the others follow, its data is good, and it answers: not one that
// copies its database. Kubernetes' own
// readiness comes later and means less: a CORRUPT alarm makes all unready.
func (w *world) sound(s seat) bool {
	lead := w.leader()
	return s.runs() && !s.entry.IsLearner && lead != 0 && s.at.Agent.Etcd.Leader == lead && !s.at.Agent.Etcd.Defragmenting && w.loss(s) == ""
}

// leader is the member that leads by the word of the highest term; zero when
// nobody knows.
func (w *world) leader() etcd.MemberID {
	var lead etcd.MemberID
	var term uint64
	for _, m := range w.Members {
		if m.Agent == nil || m.Agent.State != control.StateRunning || m.Agent.Etcd == nil || m.Agent.Etcd.Leader == 0 {
			continue
		}
		if e := m.Agent.Etcd; lead == 0 || e.Term > term {
			lead, term = e.Leader, e.Term
		}
	}
	return lead
}

// soundWithout are the sound voters other than one.
func (w *world) soundWithout(id etcd.MemberID) []seat {
	return slices.DeleteFunc(w.voters(), func(s seat) bool { return s.entry.ID == id || !w.sound(s) })
}

// unsound are the voters, other than one, that do not take part.
func (w *world) unsound(but etcd.MemberID) []seat {
	return slices.DeleteFunc(w.voters(), func(s seat) bool { return s.entry.ID == but || w.sound(s) })
}

// spare reports whether the voters that remain without one are a quorum of
// themselves by those that are sound: only then may it be taken away.
func (w *world) spare(s seat) bool {
	if s.entry.IsLearner {
		return true
	}
	return etcd.HasQuorum(len(w.soundWithout(s.entry.ID)), len(w.voters())-1)
}

// corrupt are the members that CORRUPT alarms name, by any agent that runs.
func (w *world) corrupt() []etcd.MemberID {
	var ids []etcd.MemberID
	for _, m := range w.Members {
		if m.Agent == nil || m.Agent.State != control.StateRunning || m.Agent.Etcd == nil {
			continue
		}
		for _, id := range m.Agent.Etcd.Corrupt {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// seatWhys joins what is known of seats that do not take part.
func (w *world) seatWhys(seats []seat) string {
	parts := make([]string, len(seats))
	for i, s := range seats {
		switch {
		case s.at == nil:
			parts[i] = s.String() + ": it is none of this cluster's pods"
		case w.loss(s) != "":
			parts[i] = fmt.Sprintf("%s: %s", s.at.Name, w.loss(s))
		default:
			parts[i] = s.at.Why()
		}
	}
	return strings.Join(parts, "; ")
}
