package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// confirmation completes a formed cluster: claims are marked first, so that
// what was served is remembered even by a new object; then agents are told to
// serve, and late members of the grant are admitted.
func confirmation(w *world) *Decision {
	if !w.formed() {
		return nil
	}
	if d := markVolumes(w); d != nil {
		return d
	}
	if d := confirm(w); d != nil {
		return d
	}
	if late := w.late(); len(late) > 0 {
		return act(Admit{memberNames(late)}, ReasonForming, fmt.Sprintf("Admitting %s, granted at the birth and never started.", join(memberNames(late))))
	}
	return nil
}

// confirm lets agents serve once the claims of a quorum remember the cluster:
// no minority of lost volumes then makes it look as if it had never been.
func confirm(w *world) *Decision {
	unconfirmed := keep(w.Members, func(m Member) bool { return w.holds(m) && !m.Agent.Volume.Admission.Formed })
	if len(unconfirmed) == 0 || !w.quorate(w.Record.ClusterID) {
		return nil
	}
	unmarked := keep(w.Members, func(m Member) bool { return m.Claim != nil && !m.Claim.Marked && w.listed(m) })
	if n := len(w.voters()); !etcd.HasQuorum(n-len(unmarked), n) {
		return wait(ReasonMarking, fmt.Sprintf("Clients are served once the claims of a quorum are marked; waiting for %s.", whys(unmarked)))
	}
	names := memberNames(unconfirmed)
	return act(Confirm{w.Record.ClusterID, names}, ReasonFormed, fmt.Sprintf("Telling %s that the cluster is formed.", join(names)))
}

// holds reports whether a member's volume holds data of the formed cluster.
func (w *world) holds(m Member) bool {
	if m.Agent == nil || m.Agent.Volume.Admission == nil {
		return false
	}
	return m.Agent.Volume.Admission.ClusterID == w.Record.ClusterID && m.Agent.Volume.Contents == control.ContentsData
}

// late are members of the birth that have never started: their volume is the
// granted one, holds nothing, and the cluster itself has never seen them. Such
// a member has voted for nobody, so its empty disk contradicts nothing.
func (w *world) late() []Member {
	b := w.Record.Birth
	if b == nil || b.Discarding || !w.quorate(w.Record.ClusterID) || !w.bornOf(b) {
		return nil
	}
	var late []Member
	for _, m := range admissible(b, w.Members) {
		entry, listed := w.Etcd.Members.ByPeerURL(m.PeerURL)
		if listed && !entry.Started() {
			late = append(late, m)
		}
	}
	return late
}

// bornOf reports whether the cluster is the one of that birth, as a member says.
func (w *world) bornOf(b *Birth) bool {
	return len(w.reports(func(_ Member, r control.Report) bool {
		a := r.Volume.Admission
		return a != nil && a.Token == b.Token && a.ClusterID == w.Record.ClusterID
	})) > 0
}

// markVolumes writes the cluster's ID on the claims of volumes that hold it,
// and the owner on those that already bear it.
func markVolumes(w *world) *Decision {
	var claims []string
	for _, m := range w.Members {
		if w.markable(m) {
			claims = append(claims, m.Claim.Name)
		}
	}
	if len(claims) == 0 {
		return nil
	}
	return act(MarkVolumes{w.Record.ClusterID, claims}, ReasonMarking, fmt.Sprintf("Marking the volumes of cluster %s.", w.Record.ClusterID))
}

// markable reports whether a claim lacks its mark and can get it: what its
// volume holds is known from its agent, or from the mark itself where only the
// owner is missing. A mark of a member that is counted gives way to no other
// one, and a member that was removed needs none.
func (w *world) markable(m Member) bool {
	if m.Claim == nil || m.Claim.Marked || m.Claim.Deleting || w.quorate(w.Record.ClusterID) && !w.listed(m) {
		return false
	}
	if w.holds(m) {
		_, counted := w.Etcd.Members.ByID(m.Claim.Member)
		return m.Claim.Member == 0 || m.Claim.Member == m.Agent.Volume.Admission.MemberID || w.inhabits(m) && !counted
	}
	return m.Agent == nil && m.Claim.Formed == w.Record.ClusterID && m.Claim.Member != 0
}

// inhabits reports whether the list shows at this pod the very member that
// lives on its volume.
func (w *world) inhabits(m Member) bool {
	entry, listed := w.Etcd.Members.ByPeerURL(m.PeerURL)
	return w.quorate(w.Record.ClusterID) && listed && entry.ID == m.Agent.Volume.Admission.MemberID
}
