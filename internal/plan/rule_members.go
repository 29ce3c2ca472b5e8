package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
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
	n := len(w.Members)
	lost := w.lost()
	if !etcd.HasQuorum(n-len(lost), n) {
		return blocked(ReasonQuorumLost, fmt.Sprintf("%d of %d members have lost their data, which is more than a quorum survives: %s. Bring their volumes back if you can; otherwise restore a snapshot into a new EtcdCluster (in-place recovery comes with a later release).", len(lost), n, w.losses(lost)))
	}
	absent := w.unhealthy()
	message := fmt.Sprintf("No quorum answers (%s).", w.Etcd.Error)
	if len(absent) > 0 {
		message += " Waiting for " + whys(absent) + "."
	}
	if d := hindered(absent, message); d != nil {
		return d
	}
	if unreachable := w.unreachable(); !etcd.HasQuorum(n-len(unreachable), n) {
		return wait(ReasonUnreachable, message+" The operator cannot reach them; the cluster itself may well be serving.")
	}
	return wait(ReasonQuorumLost, message)
}

// members answers broken or absent members of a cluster that has its quorum.
// Unknown is not dead: a member that cannot be reached is left alone.
func members(w *world) *Decision {
	if lost := w.lost(); len(lost) > 0 {
		voters := w.Etcd.Members.Voters()
		return blocked(ReasonMemberLost, fmt.Sprintf("%s. The others hold quorum (%d of %d), so nothing is lost; an empty disk never acts by itself. Give the member its volume back; replacing it comes with a later release.", w.losses(lost), len(voters)-len(lost), len(voters)))
	}
	absent := w.unhealthy()
	if len(absent) == 0 {
		return nil
	}
	message := fmt.Sprintf("Quorum holds. Waiting for %s.", whys(absent))
	if d := hindered(absent, message); d != nil {
		return d
	}
	return wait(ReasonMemberUnready, message)
}

// hindered answers members that will not come back before somebody does
// something: Kubernetes says what is missing, or the agent refuses to run.
func hindered(absent []Member, message string) *Decision {
	if reason := reasonOf(absent, ""); reason != "" {
		return blocked(reason, message)
	}
	if slices.ContainsFunc(absent, Member.refuses) {
		return blocked(ReasonMemberRefused, message)
	}
	return nil
}

// lost are the members whose agent itself says that their data is gone: an
// empty disk, a corrupt one, one of another birth, or removed from the cluster.
func (w *world) lost() []Member {
	return keep(w.Members, func(m Member) bool {
		return m.Agent != nil && (m.Agent.State == control.StateWaiting || m.Agent.State == control.StateRemoved || m.dataGone() || w.stray(m))
	})
}

// stray reports whether a volume was admitted to another birth, which never
// came to anything: a formed one would be a witness.
func (w *world) stray(m Member) bool {
	a := m.Agent.Volume.Admission
	return a != nil && a.ClusterID != w.Record.ClusterID
}

// losses says how members were lost.
func (w *world) losses(lost []Member) string {
	parts := make([]string, len(lost))
	for i, m := range lost {
		parts[i] = m.Why()
		if w.stray(m) {
			parts[i] = fmt.Sprintf("%s: its volume was admitted to another birth, %s", m.Name, m.Agent.Volume.Admission.Token)
		}
	}
	return strings.Join(parts, "; ")
}

// dataGone reports whether the agent says that its data is lost or corrupt.
// The other refusals name something that can be mended.
func (m Member) dataGone() bool {
	if !m.refuses() {
		return false
	}
	switch m.Agent.Reason {
	case control.ReasonCorruptWAL, control.ReasonCorruptDatabase, control.ReasonDataLost:
		return true
	default:
		return false
	}
}

func (m Member) refuses() bool { return m.Agent != nil && m.Agent.State == control.StateRefused }

// unreachable are the members that run, for all Kubernetes knows, and whose
// agent did not answer.
func (w *world) unreachable() []Member {
	return keep(w.Members, func(m Member) bool { return m.Pod == PodRunning && m.Agent == nil })
}

// unhealthy are the members that do not serve as voters.
func (w *world) unhealthy() []Member {
	return keep(w.Members, func(m Member) bool { return !m.Healthy() })
}

func keep(ms []Member, pass func(Member) bool) []Member {
	var kept []Member
	for _, m := range ms {
		if pass(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// Healthy reports whether a member serves, by its agent and by its pod.
func (m Member) Healthy() bool {
	return m.Agent != nil && m.Agent.State == control.StateRunning && m.Agent.Etcd != nil && m.Agent.Etcd.Ready && m.Ready
}

// lag says which wishes this release does not bring to running members.
func lag(w *world) *Decision {
	var messages []string
	if n := len(w.Etcd.Members.Voters()); n != w.Replicas {
		messages = append(messages, fmt.Sprintf("spec.replicas is %d and the cluster has %d voters: changing the size comes with a later release; set it back to %d.", w.Replicas, n, n))
	}
	for _, l := range w.Lags {
		messages = append(messages, l.Message)
	}
	if len(messages) == 0 {
		return nil
	}
	return blocked(ReasonNotSupportedYet, strings.Join(messages, " "))
}

// steady says that all is as it shall be.
func steady(w *world) Decision {
	n := len(w.Etcd.Members.Voters())
	return Decision{Outcome: OutcomeSteady, Rule: "steady", Reason: ReasonSteady,
		Message: fmt.Sprintf("%d of %d voters serve; the cluster survives the loss of %d.", n, n, etcd.FaultTolerance(n))}
}
