package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// fate is what is known of one ordinal before a member survives the others.
type fate int

const (
	// fateUnknown: a member may be there, and may come back.
	fateUnknown fate = iota
	// fateHolds: its agent answers, and holds data of this cluster.
	fateHolds
	// fateLost: evidently, or by a person's word. What is left of it has to be out of
	// reach first.
	fateLost
	// fateNew: what is there came after the loss, and no agent has said yet that it is
	// empty.
	fateNew
	// fateNone: what is there holds nothing that could ever vote.
	fateNone
)

// fallen is an ordinal other than those that hold data.
type fallen struct {
	Member
	// ids are all under which it may be known: by the lists of the others, by the mark
	// of its claim, by its agent.
	ids []etcd.MemberID
	// why it counts as lost.
	why string
}

// field is what a cluster without a quorum consists of.
type field struct {
	holders            []Member
	unknown, lost, new []fallen
	// strangers are listed, and none of the pods.
	strangers etcd.Members
}

// survey judges every ordinal, whatever any list says: lists may be of the past. A
// person's word counts where it names every ID of an ordinal.
func (w *world) survey(acknowledged []etcd.MemberID) field {
	if w.Replace != 0 {
		acknowledged = append(slices.Clone(acknowledged), w.Replace)
	}
	var f field
	for _, m := range w.Members {
		one := fallen{Member: m, ids: w.idsOf(m)}
		var kind fate
		kind, one.why = w.fateOf(m, one.ids, acknowledged)
		switch kind {
		case fateHolds:
			f.holders = append(f.holders, m)
		case fateUnknown:
			f.unknown = append(f.unknown, one)
		case fateLost:
			f.lost = append(f.lost, one)
		case fateNew:
			f.new = append(f.new, one)
		}
	}
	for _, listed := range w.everListed() {
		ours := slices.ContainsFunc(w.Members, func(m Member) bool { return slices.Contains(listed.PeerURLs, m.PeerURL) })
		if !ours && !slices.Contains(acknowledged, listed.ID) {
			f.strangers = append(f.strangers, listed)
		}
	}
	return f
}

// everListed are all members that any agent lists.
func (w *world) everListed() etcd.Members {
	var all etcd.Members
	for _, m := range w.Members {
		if m.Agent == nil {
			continue
		}
		for _, listed := range m.Agent.Listed {
			if _, known := all.ByID(listed.ID); !known {
				all = append(all, listed)
			}
		}
	}
	return all
}

func (w *world) idsOf(m Member) []etcd.MemberID {
	ids := []etcd.MemberID{claimMember(m), admittedMember(m)}
	for _, listed := range w.everListed() {
		if slices.Contains(listed.PeerURLs, m.PeerURL) {
			ids = append(ids, listed.ID)
		}
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id etcd.MemberID) bool { return id == 0 })
}

// fateOf takes an agent's word, then Kubernetes' evidence, then a person's. Silence
// proves nothing.
func (w *world) fateOf(m Member, ids, acknowledged []etcd.MemberID) (fate, string) {
	if m.Agent != nil {
		if kind, why := w.fateByAgent(m); kind != fateUnknown {
			return kind, why
		}
	} else if kind, why := w.fateByEvidence(m, ids); kind != fateUnknown {
		return kind, why
	}
	named := len(ids) > 0 && !slices.ContainsFunc(ids, func(id etcd.MemberID) bool { return !slices.Contains(acknowledged, id) })
	if named {
		return fateLost, "a person declares it lost"
	}
	return fateUnknown, ""
}

func (w *world) fateByAgent(m Member) (fate, string) {
	v := m.Agent.Volume
	switch {
	case m.Agent.Member != m.Name:
		return fateUnknown, ""
	case m.dataGone():
		return fateLost, strings.TrimSuffix(m.Agent.Message, ".")
	case m.Agent.State == control.StateRemoved, v.Admission != nil && v.Admission.ClusterID != w.Record.ClusterID,
		v.Contents != control.ContentsData && m.Agent.State == control.StateWaiting:
		return fateNone, ""
	case v.Admission != nil && v.Contents == control.ContentsData && (m.Agent.State == control.StateHalted || m.Agent.State == control.StateRunning || m.Agent.State == control.StateStarting):
		return fateHolds, ""
	default:
		return fateUnknown, "" // it refuses for a cause that can be mended, or is stopping
	}
}

// fateByEvidence is for members that do not answer.
func (w *world) fateByEvidence(m Member, ids []etcd.MemberID) (fate, string) {
	switch {
	case m.Claim == nil && m.Pod == PodAbsent && len(ids) == 0:
		return fateNone, ""
	case w.Ephemeral && m.Pod == PodPending: // its volume is as new as the pod
		if reasonOf([]Member{m}, "") == ReasonUnschedulable {
			return fateNone, ""
		}
		return fateNew, ""
	case m.Claim == nil && m.Pod != PodRunning:
		return fateLost, "its claim is gone"
	case m.Claim != nil && m.Claim.Unused && (m.Pod == PodAbsent || m.Pod == PodPending):
		return fateNone, ""
	case m.Claim != nil && m.Claim.Unused && m.Pod == PodRunning:
		return fateNew, ""
	case m.Loss != "":
		return fateLost, m.Loss
	default:
		return fateUnknown, ""
	}
}

// inReach reports whether something is left of a lost member that could run again: a
// pod, or a claim with its volume.
func (f fallen) inReach() bool { return f.Pod != PodAbsent || f.Claim != nil }

// votes reports whether a member that holds data counts for its cluster's quorum, by
// its own list.
func (m Member) votes() bool {
	self, ok := m.Agent.Listed.ByID(admittedMember(m))
	return ok && !self.IsLearner
}

// opening reports whether etcd is opening its database: it lists nobody yet.
func (m Member) opening() bool {
	return m.Agent.State == control.StateStarting && len(m.Agent.Listed) == 0
}

// enough names holders that are a quorum of a cluster that one of them lists: then
// none is lost.
func (f field) enough() []Member {
	for _, of := range f.holders {
		voters := of.Agent.Listed.Voters()
		there := keep(f.holders, func(m Member) bool { _, ok := voters.ByID(admittedMember(m)); return ok })
		if etcd.HasQuorum(len(there), len(voters)) {
			return there
		}
	}
	return nil
}

// furthest is the voter whose log goes furthest: it holds all that any of those that
// are there could have acknowledged. Of equals the lowest ordinal.
func (f field) furthest() (Member, bool) {
	var best Member
	found := false
	for _, m := range f.holders {
		if m.votes() && m.Agent.Log != nil && (!found || beyond(*m.Agent.Log, *best.Agent.Log)) {
			best, found = m, true
		}
	}
	return best, found
}

func beyond(a, b control.LogPosition) bool {
	return a.Term > b.Term || a.Term == b.Term && a.Index > b.Index
}

func (f fallen) String() string {
	ids := make([]string, len(f.ids))
	for i, id := range f.ids {
		ids[i] = id.String()
	}
	if len(ids) == 0 {
		return string(f.Name)
	}
	return fmt.Sprintf("%s (%s)", f.Name, strings.Join(ids, ", "))
}

func fallenNames(all []fallen) string {
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.String()
	}
	return strings.Join(names, ", ")
}
