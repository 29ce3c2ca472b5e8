package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
)

// losses removes members whose data is gone, learners first: a lost voter
// makes the quorum harder to reach for as long as it is counted, so removing
// comes before adding.
func losses(w *world) *Decision {
	var refused *Decision
	for _, s := range append(w.learners(), w.voters()...) {
		why := w.loss(s)
		if why == "" {
			continue
		}
		d := w.leave(s, ReasonReplacing, why)
		if d.Outcome == OutcomeAct {
			return d
		}
		if refused == nil {
			refused = d
		}
	}
	return refused
}

// alarms ends the CORRUPT alarm of members that are gone: until then etcd
// answers no request of any client.
func alarms(w *world) *Decision {
	for _, id := range w.corrupt() {
		if id == 0 {
			return blocked(ReasonMemberLost, "A CORRUPT alarm is raised, and etcd cannot tell which member is corrupt. Compare `etcdctl endpoint hashkv` of all members, and declare the one that differs lost with the annotation etcd.quorate.dev/replace=<member ID>; then disarm the alarm with `etcdctl alarm disarm`.")
		}
		if _, listed := w.Etcd.Members.ByID(id); !listed {
			return act(Disarm{id}, ReasonReplacing, fmt.Sprintf("Member %s is removed; its CORRUPT alarm ends.", id))
		}
	}
	return nil
}

// strangers stops changes of the membership while the member list shows
// members that are none of this cluster's pods: somebody else changes it.
func strangers(w *world) *Decision {
	for _, s := range w.seats() {
		if s.at == nil {
			return blocked(ReasonUnknownMember, fmt.Sprintf("The member list shows %s, which is none of this cluster's pods: somebody else added it. No member is added or removed meanwhile. If it is not wanted: etcdctl member remove %s.", s, s.entry.ID))
		}
	}
	return nil
}

// foreignTo is the ID that a claim names and that the list counts elsewhere.
func (w *world) foreignTo(m Member) (etcd.MemberID, bool) {
	for _, id := range []etcd.MemberID{claimMember(m), admittedMember(m)} {
		if _, counted := w.Etcd.Members.ByID(id); id != 0 && counted {
			return id, true
		}
	}
	return 0, false
}

func claimMember(m Member) etcd.MemberID {
	if m.Claim == nil {
		return 0
	}
	return m.Claim.Member
}

func admittedMember(m Member) etcd.MemberID {
	if m.Agent == nil || m.Agent.Volume.Admission == nil {
		return 0
	}
	return m.Agent.Volume.Admission.MemberID
}
