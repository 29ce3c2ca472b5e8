package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
)

// birth forms a cluster, once: grant, admit, and the quorum's own word.
func birth(w *world) *Decision {
	switch {
	case w.formed():
		return nil
	case w.Record.Birth == nil && w.Pods != NoStatefulSet && w.Pods != w.size():
		return act(Resize{w.Pods, w.size()}, ReasonCreating, fmt.Sprintf("The cluster is born with %d members.", w.size()))
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

// form hands the grant out and waits for a quorum's linearizable answer. A
// disk lost before any quorum existed ends the birth.
func form(w *world) *Decision {
	b := w.Record.Birth
	candidates := w.born()
	if d := answering(w, candidates); d != nil {
		return d
	}
	if lost := lostAtBirth(b, candidates); len(lost) > 0 {
		return act(RecordDiscard{b.Token, b.Members}, ReasonDiscarding, fmt.Sprintf("Lost before any quorum existed: %s. All volumes of this birth are wiped and it starts again under a fresh token.", strings.Join(lost, "; ")))
	}
	if d := refused(candidates); d != nil {
		return d
	}
	if ready := admissible(b, candidates); len(ready) > 0 {
		return act(Admit{memberNames(ready)}, ReasonForming, fmt.Sprintf("Admitting %s to the birth.", join(memberNames(ready))))
	}
	if absent := silent(candidates); len(absent) > 0 {
		return await(absent, ReasonForming, fmt.Sprintf("Forming: waiting for %s.", whys(absent)))
	}
	return wait(ReasonForming, fmt.Sprintf("Forming: %s started; waiting for them to elect a leader.", join(memberNames(candidates))))
}

// lostAtBirth says which volumes can no longer take part: replaced, corrupt, without
// the snapshot that is to be restored there, for it was spoilt on the volume, or
// admitted to another birth by a message that arrived late. A volume that
// cannot be identified is not lost.
func lostAtBirth(b *Birth, candidates []Member) []string {
	var lost []string
	for _, m := range candidates {
		if m.Agent == nil || m.Agent.Volume.ID == "" {
			continue
		}
		v := m.Agent.Volume
		granted, _ := b.volume(m.Name)
		switch {
		case v.ID != granted:
			lost = append(lost, fmt.Sprintf("%s has volume %s in place of %s", m.Name, v.ID, granted))
		case v.Admission != nil && v.Admission.Token != b.Token:
			lost = append(lost, fmt.Sprintf("%s was admitted to another birth, %s", m.Name, v.Admission.Token))
		case m.dataGone():
			lost = append(lost, m.Why())
		case b.Restore != nil && m.Agent.State == control.StateWaiting && !hasSnapshot(m, b.Restore.SHA256):
			lost = append(lost, fmt.Sprintf("%s has no more the snapshot that it was to begin with", m.Name))
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

// discard wipes what a failed birth left, then forgets it. An agent that cannot
// run etcd on its volume cannot tell that no key was ever written, and refuses
// to wipe it: somebody has to take the claim away.
func discard(w *world) *Decision {
	b := w.Record.Birth
	holders := keep(w.Members, func(m Member) bool {
		return m.Agent != nil && m.Agent.Volume.Admission != nil && m.Agent.Volume.Admission.Token == b.Token
	})
	wipeable := keep(holders, func(m Member) bool {
		return m.Agent.State != control.StateStopping && (!m.refuses() || m.Agent.Volume.Contents != control.ContentsData)
	})
	if len(wipeable) > 0 {
		return act(Discard{b.Token, memberNames(wipeable)}, ReasonDiscarding, fmt.Sprintf("Wiping the failed birth from %s.", join(memberNames(wipeable))))
	}
	if broken := keep(holders, Member.refuses); len(broken) > 0 {
		m := broken[0]
		return blocked(ReasonMemberRefused, fmt.Sprintf("The failed birth cannot be wiped from %s. No client was ever served from it: delete the claim of %s and then its pod.", m.Why(), m.Name))
	}
	if absent := silent(keep(w.Members, func(m Member) bool { _, ok := b.volume(m.Name); return ok })); len(absent) > 0 {
		return await(absent, ReasonDiscarding, fmt.Sprintf("The failed birth must be wiped from every volume first; waiting for %s.", whys(absent)))
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

// awaitAgents waits for pods and agents.
func awaitAgents(w *world, candidates, absent []Member) *Decision {
	message := fmt.Sprintf("%d of %d volumes have reported.", len(candidates)-len(absent), w.size())
	if len(absent) > 0 {
		message += " Waiting for " + whys(absent) + "."
	}
	if reasonOf(absent, "") != "" {
		message += w.wayBack()
	}
	return await(absent, ReasonPodsStarting, message)
}

// await waits for members. A trouble that only a person can mend is Blocked,
// so that it shows as Stalled.
func await(absent []Member, reason Reason, message string) *Decision {
	if trouble := reasonOf(absent, ""); trouble != "" {
		return blocked(trouble, message)
	}
	return wait(reason, message)
}

// answering takes the quorum's own word: a cluster that these members were
// admitted to and that gives a linearizable answer is formed.
func answering(w *world, candidates []Member) *Decision {
	for _, m := range candidates {
		if m.Agent == nil || m.Agent.Volume.Admission == nil {
			continue
		}
		if a := m.Agent.Volume.Admission; w.quorate(a.ClusterID) {
			return act(RecordFormed{a.ClusterID}, ReasonFormed, fmt.Sprintf("Cluster %s answers with a quorum.", a.ClusterID))
		}
	}
	return nil
}
