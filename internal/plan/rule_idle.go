package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
)

// idle has an entry committed that changes nothing, for a member that has all that
// the leader has and does not count it as applied. After the leader has sent it its
// whole database etcd does not before the next entry comes; until then it may refuse
// every write, its own entry into the member list too, and in a cluster that nobody
// writes to it would for ever (decision 0026).
func idle(w *world) *Decision {
	for _, s := range w.seats() {
		if !w.unapplied(s) {
			continue
		}
		reason := ReasonRepairing
		if s.entry.IsLearner {
			reason = w.entryReason(s.ordinal)
		}
		return act(Nudge{s.at.Name}, reason, fmt.Sprintf("%s has the leader's database, and its etcd counts that as applied once another entry comes; one that changes nothing is written.", s))
	}
	return nil
}

// unapplied reports whether a member has come to the newest entry and revision and
// says that it has not applied what led there.
func (w *world) unapplied(s seat) bool {
	if !s.up() || s.at.Agent.Etcd.AppliedIndex+maxGap >= s.at.Agent.Etcd.Index {
		return false
	}
	for _, other := range w.seats() {
		if other.up() && (other.at.Agent.Etcd.Index > s.at.Agent.Etcd.Index || other.at.Agent.Etcd.Revision > s.at.Agent.Etcd.Revision) {
			return false
		}
	}
	return true
}

// Nudge has the cluster commit an entry that changes nothing, for a member that
// waits for one.
type Nudge struct{ Name etcd.MemberName }

func (Nudge) action()                    {}
func (a Nudge) String() string           { return "Nudge " + string(a.Name) }
func (a Nudge) about() []etcd.MemberName { return []etcd.MemberName{a.Name} }
