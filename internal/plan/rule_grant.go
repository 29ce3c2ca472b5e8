package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

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
	if w.Restores {
		if d := bringing(w, candidates); d != nil {
			return d
		}
		return act(Grant{birthMembers(candidates), w.restore()}, ReasonRestoring, fmt.Sprintf("The snapshot of %s lies on all %d volumes; they may form a cluster with it.", w.Origin.Where, len(candidates)))
	}
	return act(Grant{birthMembers(candidates), nil}, ReasonForming, fmt.Sprintf("All %d volumes are empty; they may form a cluster.", len(candidates)))
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

func birthMembers(ms []Member) []BirthMember {
	out := make([]BirthMember, len(ms))
	for i, m := range ms {
		out[i] = BirthMember{Name: etcd.MemberName(m.Name), VolumeID: m.Agent.Volume.ID}
	}
	return out
}
