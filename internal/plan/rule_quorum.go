package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
)

// lostQuorum answers a formed cluster that gives no linearizable answer.
// Nothing is restarted, removed or wiped: without a quorum every act destroys
// evidence.
func lostQuorum(w *world) *Decision {
	id := w.Record.ClusterID
	if w.quorate(id) {
		return nil
	}
	if w.Etcd.Reached {
		return blocked(ReasonVolumesDisagree, fmt.Sprintf("The members answer as cluster %s, but this is cluster %s. Nothing is touched: move the claims of the other cluster away.", w.Etcd.ClusterID, id))
	}
	present := w.present()
	if d := w.lostForGood(present); d != nil {
		return d
	}
	absent := keep(present, func(m Member) bool { return !m.Healthy() })
	message := fmt.Sprintf("No quorum answers (%s). Nothing is restarted, removed or wiped meanwhile.", strings.TrimSuffix(w.Etcd.Error, "."))
	if len(absent) > 0 {
		message += " Waiting for " + whys(absent) + "."
	}
	if reason := reasonOf(absent, ""); reason != "" || slices.ContainsFunc(absent, Member.refuses) {
		return blocked(ReasonQuorumLost, message+" Bring these members back: a quorum of them is enough, and the cluster goes on by itself.")
	}
	unreachable := keep(present, func(m Member) bool { return m.Pod == PodRunning && m.Agent == nil })
	if len(unreachable) > 0 && !slices.ContainsFunc(present, leaderless) {
		return wait(ReasonUnreachable, message+" The operator cannot reach them; the cluster itself may well be serving.")
	}
	return wait(ReasonQuorumLost, message)
}

// present are the members that have a pod or are to have one.
func (w *world) present() []Member {
	var present []Member
	for i, m := range w.Members {
		if i < w.Pods || m.Pod != PodAbsent {
			present = append(present, m)
		}
	}
	return present
}

// leaderless reports whether a member is up and finds no quorum, by its own
// word: then it is no fault of the operator's view that none answers. One that
// starts may be the only member, and be there in a moment: unless it knows of
// another voter by now.
func leaderless(m Member) bool {
	if m.Agent == nil || m.Agent.Etcd == nil || m.Agent.Etcd.Leader != 0 {
		return false
	}
	a := m.Agent.Volume.Admission
	alone := m.Agent.Etcd.Voters <= 1 && (a == nil || len(a.Members) == 1)
	return m.Agent.State == control.StateRunning || m.Agent.State == control.StateStarting && !alone
}

// lostForGood says that no quorum can come back by itself: all members that
// hold data are up, and the others have lost theirs. An empty volume alone
// proves nothing: it may never have held a member.
func (w *world) lostForGood(present []Member) *Decision {
	gone := keep(present, w.emptied)
	awaited := keep(present, func(m Member) bool { return !w.emptied(m) && !leaderless(m) })
	if len(gone) == 0 || len(awaited) > 0 {
		return nil
	}
	parts := make([]string, len(gone))
	for i, m := range gone {
		parts[i] = m.Why()
	}
	return blocked(ReasonQuorumLost, fmt.Sprintf("No quorum comes back by itself: %d of %d members have no data (%s), and those that have some run and find no quorum. Bring the lost volumes back if you can; if not, apply an EtcdRestore with source survivor (docs/lost-quorum.md). Nothing is restarted, removed or wiped meanwhile.", len(gone), len(present), strings.Join(parts, "; ")))
}

// emptied reports whether a member holds no data that could ever take part
// again, by its agent's or by Kubernetes' evidence.
func (w *world) emptied(m Member) bool {
	if m.Agent == nil {
		return m.Loss != ""
	}
	a := m.Agent.Volume.Admission
	return m.dataGone() || m.Agent.State == control.StateRemoved ||
		a != nil && a.ClusterID != w.Record.ClusterID ||
		a == nil && m.Agent.State == control.StateWaiting
}
