package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
)

// target is how many members the cluster shall have by pods: one more than the
// spec says while members have to move to other volumes and none can be spared.
func (w *world) target() int {
	if w.surges() {
		return w.Replicas + 1
	}
	return w.Replicas
}

// surges reports whether one member more is needed meanwhile: to move members
// to another StorageClass, or to replace the only one.
func (w *world) surges() bool {
	for i := range min(w.Replicas, len(w.Members)) {
		m := w.Members[i]
		if w.wrongClass(m) {
			return true
		}
		if w.Replicas == 1 && w.listed(m) && w.doomed(m) != "" {
			return true
		}
	}
	// The only member has left for another volume and is not back as a voter.
	return w.Replicas == 1 && w.Pods > 1 && len(w.voters()) == 1 && w.voters()[0].ordinal == 1
}

// wrongClass reports whether a member's claim is of another StorageClass than
// the spec names, and new claims would be of that one.
func (w *world) wrongClass(m Member) bool {
	return w.StaleClaims == "" && w.StorageClass != "" && m.Claim != nil && !m.Claim.Deleting && m.Claim.Class != w.StorageClass
}

// doomed says why a member that runs will not survive its next restart, or is
// to be replaced by a person's word; empty when neither is so.
func (w *world) doomed(m Member) string {
	entry, listed := w.Etcd.Members.ByPeerURL(m.PeerURL)
	switch {
	case m.Agent == nil || !listed:
		return ""
	case w.Replace == entry.ID:
		return "the annotation etcd.quorate.dev/replace asks for its replacement"
	case m.Claim == nil:
		return "its claim is gone"
	case m.Claim.Deleting:
		return fmt.Sprintf("somebody deleted its claim %s", m.Claim.Name)
	default:
		return ""
	}
}

// claimLeaves reports whether a member that runs has a volume that ends with
// its pod.
func claimLeaves(m Member) bool { return m.Agent != nil && (m.Claim == nil || m.Claim.Deleting) }

// outgoing says why a voter is to leave; empty when it stays.
func (w *world) outgoing(s seat) string {
	if s.at == nil {
		return ""
	}
	if why := w.doomed(*s.at); why != "" {
		return why
	}
	switch {
	case s.ordinal >= w.Replicas && !w.surges():
		return fmt.Sprintf("spec.replicas is %d", w.Replicas)
	case s.ordinal > w.Replicas:
		return fmt.Sprintf("spec.replicas is %d", w.Replicas)
	case w.wrongClass(*s.at):
		return fmt.Sprintf("its volume is of StorageClass %s and the spec names %s", s.at.Claim.Class, w.StorageClass)
	default:
		return ""
	}
}

// exits takes away the next voter that has to leave: first those whose volume
// is doomed, then those beyond the size, the highest ordinal first, then those
// on another StorageClass while there is one voter more than the spec asks for.
func exits(w *world) *Decision {
	if d := w.welcome(w.nextAway()); d != nil {
		return d
	}
	s, reason, ok := w.nextExit()
	if !ok {
		return nil
	}
	return w.leave(s, reason, w.outgoing(s))
}

// nextExit picks the voter that leaves next. Of those beyond the size one that
// can be spared comes first, so that an absent one does not hold up the others.
func (w *world) nextExit() (seat, Reason, bool) {
	var doomed, beyond, moving []seat
	voters := w.voters()
	for i := len(voters) - 1; i >= 0; i-- {
		switch s := voters[i]; {
		case w.outgoing(s) == "":
		case claimLeaves(*s.at):
			doomed = append([]seat{s}, doomed...) // its data goes with its pod: before all others
		case w.doomed(*s.at) != "":
			doomed = append(doomed, s)
		case s.ordinal >= w.Replicas:
			beyond = append(beyond, s)
		default:
			moving = append(moving, s)
		}
	}
	n := len(voters)
	switch {
	case len(doomed) > 0 && n >= w.Replicas && n > 1:
		return doomed[0], ReasonReplacing, true
	case len(beyond) > 0 && n > w.Replicas:
		return w.firstSpare(beyond), ReasonScalingIn, true
	case len(moving) > 0 && n > w.Replicas:
		return moving[0], ReasonMovingVolumes, true
	default:
		return seat{}, "", false
	}
}

func (w *world) firstSpare(candidates []seat) seat {
	for _, s := range candidates {
		if w.spare(s) {
			return s
		}
	}
	return candidates[0]
}

// welcome puts voters back into the client Service that are not the next to
// leave, to restart or to be defragmented: at any time no more than one is out of
// it.
func (w *world) welcome(next etcd.MemberID) *Decision {
	var back []Member
	for _, s := range w.voters() {
		if s.at != nil && s.entry.ID != next && s.at.Clients != ClientsWelcome && s.at.Pod == PodRunning && s.at.answers() {
			back = append(back, *s.at)
		}
	}
	if len(back) == 0 {
		return nil
	}
	names := memberNames(back)
	return act(Welcome{names}, ReasonRepairing, fmt.Sprintf("%s is not the next to go; clients are sent to it again.", join(names)))
}

// answers reports whether a member may answer clients: not while it copies its
// database, and of one that is silent nobody knows whether it does.
func (m *Member) answers() bool {
	return m.Agent != nil && (m.Agent.Etcd == nil || !m.Agent.Etcd.Defragmenting)
}
