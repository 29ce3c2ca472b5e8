package etcd

import "slices"

// Member is one entry of a cluster's member list.
type Member struct {
	ID         MemberID   `json:"id"`
	Name       MemberName `json:"name,omitempty"`
	PeerURLs   []string   `json:"peerURLs,omitempty"`
	ClientURLs []string   `json:"clientURLs,omitempty"`
	IsLearner  bool       `json:"isLearner,omitempty"`
}

// Started reports whether the member has ever published itself: that gives it
// its client URLs. The name says nothing: one that was added has none until
// then, and a founding member has its own from the birth on.
func (m Member) Started() bool { return len(m.ClientURLs) > 0 }

// Members is a member list. Its order means nothing: match by ID or peer URL.
type Members []Member

// Voters returns the members that count towards quorum.
func (ms Members) Voters() Members {
	return ms.filter(func(m Member) bool { return !m.IsLearner })
}

// Learners returns the members that do not vote yet.
func (ms Members) Learners() Members {
	return ms.filter(func(m Member) bool { return m.IsLearner })
}

// ByID returns the member with that ID.
func (ms Members) ByID(id MemberID) (Member, bool) {
	return ms.find(func(m Member) bool { return m.ID == id })
}

// ByPeerURL returns the member that advertises that peer URL. It is how a pod
// is matched to a member that has not published its name yet.
func (ms Members) ByPeerURL(url string) (Member, bool) {
	return ms.find(func(m Member) bool { return slices.Contains(m.PeerURLs, url) })
}

func (ms Members) find(match func(Member) bool) (Member, bool) {
	if i := slices.IndexFunc(ms, match); i >= 0 {
		return ms[i], true
	}
	return Member{}, false
}

func (ms Members) filter(keep func(Member) bool) Members {
	var kept Members
	for _, m := range ms {
		if keep(m) {
			kept = append(kept, m)
		}
	}
	return kept
}
