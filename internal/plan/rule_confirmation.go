package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
)

// confirmation completes a formed cluster: late members of the grant are
// admitted, agents are told to serve, claims are marked.
func confirmation(w *world) *Decision {
	if !w.formed() {
		return nil
	}
	id := w.Record.ClusterID
	if unconfirmed := w.reports(func(_ Member, r control.Report) bool {
		a := r.Volume.Admission
		return a != nil && a.ClusterID == id && !a.Formed && r.Volume.Contents == control.ContentsData
	}); len(unconfirmed) > 0 {
		return act(Confirm{id, memberNames(unconfirmed)}, ReasonFormed, fmt.Sprintf("Telling %s that the cluster is formed.", join(memberNames(unconfirmed))))
	}
	if late := w.late(); len(late) > 0 {
		return act(Admit{memberNames(late)}, ReasonForming, fmt.Sprintf("Admitting %s, granted at the birth and never started.", join(memberNames(late))))
	}
	return markVolumes(w)
}

// late are members of the birth that have never started: their volume is the
// granted one, holds nothing, and the cluster itself has never seen them. Such
// a member has voted for nobody, so its empty disk contradicts nothing.
func (w *world) late() []Member {
	b := w.Record.Birth
	if b == nil || b.Discarding || !w.quorate(w.Record.ClusterID) {
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

// markVolumes writes the cluster's ID on the claims of confirmed members.
func markVolumes(w *world) *Decision {
	var claims []string
	for _, m := range w.reports(func(m Member, r control.Report) bool {
		a := r.Volume.Admission
		return m.Claim != nil && !m.Claim.Marked && !m.Claim.Deleting && a != nil && a.Formed && a.ClusterID == w.Record.ClusterID
	}) {
		claims = append(claims, m.Claim.Name)
	}
	if len(claims) == 0 {
		return nil
	}
	return act(MarkVolumes{w.Record.ClusterID, claims}, ReasonMarking, fmt.Sprintf("Marking the volumes of cluster %s.", w.Record.ClusterID))
}
