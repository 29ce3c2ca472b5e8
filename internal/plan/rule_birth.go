package plan

import (
	"fmt"
	"strings"

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
	if d := leaving(w); d != nil {
		return d
	}
	if d := refused(candidates); d != nil {
		return d
	}
	if absent := silent(candidates); len(absent) > 0 || len(candidates) < w.size() {
		return awaitAgents(w, candidates, absent)
	}
	if d := leftovers(w, candidates); d != nil {
		return d
	}
	if d := unready(candidates); d != nil {
		return d
	}
	return act(Grant{birthMembers(candidates)}, ReasonForming, fmt.Sprintf("All %d volumes are empty; they may form a cluster.", len(candidates)))
}

// leaving waits for claims that are being deleted: what lies on them ends.
func leaving(w *world) *Decision {
	for _, m := range w.Members {
		if m.Claim == nil || !m.Claim.Deleting {
			continue
		}
		message := fmt.Sprintf("Waiting for claim %s, which is being deleted, to be gone.", m.Claim.Name)
		if m.Pod == PodRunning {
			message += fmt.Sprintf(" Pod %s still uses it: delete that pod.", m.Name)
		}
		return wait(ReasonLeaving, message)
	}
	return nil
}

// leftovers answers volumes that remember an unfinished birth which the object
// does not: the EtcdCluster was deleted and applied again in between. Members
// that can elect a leader are heard first: what the lost record said of them,
// and whom it let serve, is not known.
func leftovers(w *world, candidates []Member) *Decision {
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
	if first == "" {
		return nil
	}
	if d := answering(w, candidates); d != nil {
		return d
	}
	for _, m := range candidates {
		if a := m.Agent.Volume.Admission; a != nil && electable(holders[a.Token]) && !sameBirth(candidates, a.Token) {
			return wait(ReasonForming, fmt.Sprintf("The volumes of %s remember a birth and are enough to finish it; waiting for them to elect a leader.", join(memberNames(holders[a.Token]))))
		}
	}
	if sameBirth(candidates, first) {
		return act(Resume{first, birthMembers(candidates)}, ReasonForming, "The volumes remember an unfinished birth; it goes on.")
	}
	return act(RecordDiscard{first, birthMembers(holders[first])}, ReasonDiscarding, "Some volumes remember an unfinished birth that the others do not share; it is discarded.")
}

// electable reports whether the members that hold data of one birth are a
// majority of it.
func electable(holders []Member) bool {
	running := 0
	for _, m := range holders {
		if m.Agent.Volume.Contents == control.ContentsData {
			running++
		}
	}
	return etcd.HasQuorum(running, len(holders[0].Agent.Volume.Admission.Members))
}

// sameBirth reports whether the candidates are exactly the members of the birth
// under that token.
func sameBirth(candidates []Member, token string) bool {
	for _, m := range candidates {
		a := m.Agent.Volume.Admission
		if a == nil || a.Token != token || len(a.Members) != len(candidates) {
			return false
		}
	}
	return true
}

// unready refuses a volume that does not itself report that it is empty.
func unready(candidates []Member) *Decision {
	for _, m := range candidates {
		switch {
		case m.Agent.Volume.Contents != control.ContentsEmpty:
			return blocked(ReasonMemberRefused, fmt.Sprintf("%s: its volume %s holds data that it was never admitted with. Give it the claim that it belongs to, or delete the claim if the data is not needed.", m.Name, m.Agent.Volume.ID))
		case m.Agent.State != control.StateWaiting || m.Agent.Volume.ID == "":
			return wait(ReasonPodsStarting, fmt.Sprintf("Waiting for %s to report its volume.", m.Why()))
		}
	}
	return nil
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

// lostAtBirth says which volumes can no longer take part: replaced, corrupt, or
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

func birthMembers(ms []Member) []BirthMember {
	out := make([]BirthMember, len(ms))
	for i, m := range ms {
		out[i] = BirthMember{Name: etcd.MemberName(m.Name), VolumeID: m.Agent.Volume.ID}
	}
	return out
}
