package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// maxGap is how many entries a member may be behind and still count as caught
// up: at any rate of writes it has them within milliseconds.
const maxGap = 1000

// learner sees the one learner through: joined, caught up, promoted. One that
// is not wanted any more leaves at once.
func learner(w *world) *Decision {
	for _, s := range w.learners() {
		if s.at == nil {
			continue // a stranger's
		}
		if s.ordinal >= w.target() {
			return w.leave(s, ReasonScalingIn, "it is not wanted any more")
		}
		if why := w.doomed(*s.at); why != "" {
			return w.leave(s, ReasonReplacing, why)
		}
		if s.at.Clients != ClientsWelcome && s.at.Pod == PodRunning {
			return act(Welcome{[]etcd.MemberName{s.at.Name}}, w.entryReason(s.ordinal), fmt.Sprintf("%s stays; it belongs to the client Service again.", s))
		}
		return w.bringUp(s)
	}
	return nil
}

// bringUp does the next step of a learner that shall become a voter.
func (w *world) bringUp(s seat) *Decision {
	reason := w.entryReason(s.ordinal)
	m := s.at
	switch {
	case m.Agent != nil && m.Agent.State == control.StateWaiting:
		return act(Join{m.Name, s.entry.ID, m.Agent.Volume.ID}, reason, fmt.Sprintf("%s joins as a learner.", s))
	case !s.runs() || !s.entry.Started():
		return await([]Member{*m}, reason, fmt.Sprintf("Waiting for learner %s to start: %s.", s, m.Why()))
	case !w.caughtUp(s):
		return wait(reason, fmt.Sprintf("Learner %s catches up with the leader.", s))
	}
	n, sound := len(w.voters()), len(w.soundWithout(0))
	if !etcd.HasQuorum(sound+1, n+1) {
		return awaitSeats(w.unsound(0), reason, fmt.Sprintf("Learner %s has caught up; it becomes a voter once %d of the %d voters serve. Waiting for %s.%s",
			s, etcd.Quorum(n+1)-1, n, w.seatWhys(w.unsound(0)), w.declarable(w.unsound(0))))
	}
	return act(Promote{m.Name, s.entry.ID}, reason, fmt.Sprintf("Learner %s has caught up and becomes a voter.", s))
}

// caughtUp reports whether a running member holds nearly all that the leader
// holds: not further behind than a moment's writes, nor than a tenth of the
// log, which etcd refuses.
func (w *world) caughtUp(s seat) bool {
	if !s.runs() {
		return false
	}
	var newest uint64
	for _, other := range w.seats() {
		if other.runs() {
			newest = max(newest, other.at.Agent.Etcd.Index)
		}
	}
	has := s.at.Agent.Etcd.AppliedIndex
	return has+maxGap >= newest && has*10 >= newest*9
}

// entryReason tells growth from replacement: a voter with a higher number
// means that this one was there before.
func (w *world) entryReason(ordinal int) Reason {
	for _, s := range w.voters() {
		if s.ordinal > ordinal {
			return ReasonReplacing
		}
	}
	return ReasonScalingOut
}

// entrances adds the next member as a learner: one whose pod already waits on
// an empty volume, so that the member list never counts one that cannot come.
func entrances(w *world) *Decision {
	var missing, ready []Member
	for i := range min(w.target(), len(w.Members)) {
		m := w.Members[i]
		if w.listed(m) {
			continue
		}
		missing = append(missing, m)
		if m.enterable() {
			ready = append(ready, m)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	reason := w.entryReason(ordinalOf(w, missing[0]))
	if len(ready) == 0 {
		return await(missing, reason, fmt.Sprintf("Waiting for %s to come up and report an empty volume before the cluster counts it: %s.", join(memberNames(missing)), whys(missing)))
	}
	n, sound := len(w.voters()), len(w.soundWithout(0))
	if n > 1 && !etcd.HasQuorum(sound, n+1) || sound == 0 {
		return awaitSeats(w.unsound(0), reason, fmt.Sprintf("%s waits to join, but only %d of the %d voters serve and etcd adds a member while at least %d do. Nothing is at risk meanwhile. Waiting for %s.%s",
			ready[0].Name, sound, n, etcd.Quorum(n+1), w.seatWhys(w.unsound(0)), w.declarable(w.unsound(0))))
	}
	m := ready[0]
	return act(AddLearner{m.Name, m.PeerURL, m.Agent.Volume.ID}, reason, fmt.Sprintf("%s is added as a learner.", m.Name))
}

// enterable reports whether a member waits on a volume that never held anything.
func (m Member) enterable() bool {
	return m.Agent != nil && m.Agent.State == control.StateWaiting && m.Agent.Volume.ID != "" &&
		m.Agent.Volume.Contents == control.ContentsEmpty && m.Agent.Volume.Admission == nil && m.Claim != nil && !m.Claim.Deleting
}

func ordinalOf(w *world, m Member) int {
	for i := range w.Members {
		if w.Members[i].Name == m.Name {
			return i
		}
	}
	return -1
}

// declarable tells how a person can declare members lost that do not answer.
func (w *world) declarable(seats []seat) string {
	var ids []string
	for _, s := range seats {
		if s.at != nil && s.at.Agent == nil && (s.at.Pod != PodPending && s.at.Pod != PodAbsent || s.at.Trouble != nil) {
			ids = append(ids, fmt.Sprintf("etcd.quorate.dev/replace=%s for %s", s.entry.ID, s.at.Name))
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return " If a member's data will never come back, declare it lost by annotating the EtcdCluster with " + strings.Join(ids, ", or ") + "; it is then replaced."
}
