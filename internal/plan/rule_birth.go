package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// birth forms a cluster, once: grant, admit, and the quorum's own word.
func birth(w *world) *Decision {
	switch {
	case w.formed():
		return nil
	case w.Record.Birth == nil:
		return grant(w)
	case w.Record.Birth.Discarding:
		return discard(w)
	default:
		return form(w)
	}
}

// born are the members that the birth is about: the lowest ordinals.
func (w *world) born() []Member { return w.Members[:min(w.size(), len(w.Members))] }

// grant records the right to form a cluster when all N volumes report that
// they are empty and were never admitted.
func grant(w *world) *Decision {
	candidates := w.born()
	if d := refused(candidates); d != nil {
		return d
	}
	if absent := silent(candidates); len(absent) > 0 || len(candidates) < w.size() {
		return awaitAgents(w, candidates, absent)
	}
	if d := leftovers(candidates); d != nil {
		return d
	}
	return act(Grant{birthMembers(candidates)}, ReasonForming, fmt.Sprintf("All %d volumes are empty; they may form a cluster.", len(candidates)))
}

// leftovers answers volumes that remember an unfinished birth which the object
// does not: the EtcdCluster was deleted and applied again in between.
func leftovers(candidates []Member) *Decision {
	holders := map[string][]Member{}
	var first string
	for _, m := range candidates {
		if a := m.Agent.Volume.Admission; a != nil {
			if first == "" {
				first = a.Token
			}
			holders[a.Token] = append(holders[a.Token], m)
		}
	}
	switch {
	case first == "":
		return nil
	case len(holders[first]) == len(candidates) && sameBirth(candidates):
		return act(Resume{first, birthMembers(candidates)}, ReasonForming, "The volumes remember an unfinished birth; it goes on.")
	default:
		return act(RecordDiscard{first, birthMembers(holders[first])}, ReasonDiscarding, "Some volumes remember an unfinished birth that the others do not share; it is discarded.")
	}
}

// sameBirth reports whether the admission of the candidates was for exactly
// this many members.
func sameBirth(candidates []Member) bool {
	for _, m := range candidates {
		if len(m.Agent.Volume.Admission.Members) != len(candidates) {
			return false
		}
	}
	return true
}

// form hands the grant out and waits for a quorum's linearizable answer. A
// disk lost before any quorum existed ends the birth.
func form(w *world) *Decision {
	b := w.Record.Birth
	candidates := w.born()
	for _, m := range candidates {
		if m.Agent == nil || m.Agent.Volume.Admission == nil {
			continue
		}
		if a := m.Agent.Volume.Admission; a.Token == b.Token && w.quorate(a.ClusterID) {
			return act(RecordFormed{a.ClusterID}, ReasonFormed, fmt.Sprintf("Cluster %s answers with a quorum.", a.ClusterID))
		}
	}
	if lost := lostAtBirth(b, candidates); len(lost) > 0 {
		return act(RecordDiscard{b.Token, b.Members}, ReasonDiscarding, fmt.Sprintf("Lost before any quorum existed: %s. All volumes of this birth are wiped and it starts again under a fresh token.", whys(lost)))
	}
	if d := refused(candidates); d != nil {
		return d
	}
	if ready := admissible(b, candidates); len(ready) > 0 {
		return act(Admit{memberNames(ready)}, ReasonForming, fmt.Sprintf("Admitting %s to the birth.", join(memberNames(ready))))
	}
	if absent := silent(candidates); len(absent) > 0 {
		return wait(reasonOf(absent, ReasonForming), fmt.Sprintf("Forming: waiting for %s.", whys(absent)))
	}
	return wait(ReasonForming, fmt.Sprintf("Forming: %d members have started and elect a leader.", len(candidates)))
}

// lostAtBirth are the members whose volume is not the one that was granted, or
// cannot be read any more.
func lostAtBirth(b *Birth, candidates []Member) []Member {
	var lost []Member
	for _, m := range candidates {
		if m.Agent == nil {
			continue
		}
		granted, _ := b.volume(m.Name)
		replaced := m.Agent.Volume.ID != granted
		corrupt := m.Agent.State == control.StateRefused &&
			(m.Agent.Reason == control.ReasonCorruptWAL || m.Agent.Reason == control.ReasonCorruptDatabase || m.Agent.Reason == control.ReasonDataLost)
		if replaced || corrupt {
			lost = append(lost, m)
		}
	}
	return lost
}

// admissible are the members that wait on the very volume that was granted.
func admissible(b *Birth, candidates []Member) []Member {
	var ready []Member
	for _, m := range candidates {
		if m.Agent == nil || m.Agent.State != control.StateWaiting {
			continue
		}
		granted, ok := b.volume(m.Name)
		a := m.Agent.Volume.Admission
		if ok && m.Agent.Volume.ID == granted && (a == nil || a.Token == b.Token) {
			ready = append(ready, m)
		}
	}
	return ready
}

// discard wipes what a failed birth left, then forgets it.
func discard(w *world) *Decision {
	b := w.Record.Birth
	holders := w.reports(func(_ Member, r control.Report) bool {
		return r.Volume.Admission != nil && r.Volume.Admission.Token == b.Token
	})
	if len(holders) > 0 {
		return act(Discard{b.Token, memberNames(holders)}, ReasonDiscarding, fmt.Sprintf("Wiping the failed birth from %s.", join(memberNames(holders))))
	}
	var absent []Member
	for _, m := range w.Members {
		if _, ok := b.volume(m.Name); ok && m.Agent == nil {
			absent = append(absent, m)
		}
	}
	if len(absent) > 0 {
		return wait(reasonOf(absent, ReasonDiscarding), fmt.Sprintf("The failed birth must be wiped from every volume first; waiting for %s.", whys(absent)))
	}
	return act(ForgetBirth{}, ReasonDiscarding, "Nothing is left of the failed birth.")
}

// silent are the members whose agent has not reported a usable state.
func silent(candidates []Member) []Member {
	var absent []Member
	for _, m := range candidates {
		if m.Agent == nil || m.Agent.State == control.StateStopping {
			absent = append(absent, m)
		}
	}
	return absent
}

// refused stops a birth in which an agent refuses its disk or configuration.
func refused(candidates []Member) *Decision {
	for _, m := range candidates {
		if m.Agent != nil && m.Agent.State == control.StateRefused {
			return blocked(ReasonMemberRefused, fmt.Sprintf("%s (%s).", m.Why(), m.Agent.Reason))
		}
	}
	return nil
}

// awaitAgents waits for pods and agents. A trouble that only a person can mend
// is Blocked, so that it shows as Stalled.
func awaitAgents(w *world, candidates, absent []Member) *Decision {
	message := fmt.Sprintf("%d of %d volumes have reported.", len(candidates)-len(absent), w.size())
	if len(absent) > 0 {
		message += " Waiting for " + whys(absent) + "."
	}
	if reason := reasonOf(absent, ""); reason != "" {
		return blocked(reason, message)
	}
	return wait(ReasonPodsStarting, message)
}

func birthMembers(ms []Member) []BirthMember {
	out := make([]BirthMember, len(ms))
	for i, m := range ms {
		out[i] = BirthMember{Name: etcd.MemberName(m.Name), VolumeID: m.Agent.Volume.ID}
	}
	return out
}
