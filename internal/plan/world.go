package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// world is what every rule looks at.
type world struct {
	Desired
	Observation
}

// formed reports whether the cluster was recorded as formed.
func (w *world) formed() bool { return w.Record.ClusterID != 0 }

// size is how many members the world is about: those of the birth while it is
// under way, otherwise those of the spec.
func (w *world) size() int {
	if !w.formed() && w.Record.Birth != nil {
		return len(w.Record.Birth.Members)
	}
	return w.Replicas
}

// reports returns the members whose agents answered and whose report passes.
func (w *world) reports(pass func(Member, control.Report) bool) []Member {
	var found []Member
	for _, m := range w.Members {
		if m.Agent != nil && pass(m, *m.Agent) {
			found = append(found, m)
		}
	}
	return found
}

// quorate reports whether etcd itself, asked through a linearizable read,
// answered as the cluster of that ID.
func (w *world) quorate(id etcd.ClusterID) bool {
	return w.Etcd.Reached && w.Etcd.ClusterID == id
}

// memberNames returns the names of members, in their order.
func memberNames(ms []Member) []etcd.MemberName {
	names := make([]etcd.MemberName, len(ms))
	for i, m := range ms {
		names[i] = m.Name
	}
	return names
}

// Why says in one clause what is known of a member that is not as it should
// be, the nearest cause first.
func (m Member) Why() string {
	switch {
	case m.Trouble != nil:
		return fmt.Sprintf("%s: %s", m.Name, strings.TrimSuffix(m.Trouble.Message, "."))
	case m.Pod == PodAbsent && m.Claim != nil && m.Claim.Deleting:
		return fmt.Sprintf("%s: its former claim %s is being deleted first", m.Name, m.Claim.Name)
	case m.Pod == PodAbsent:
		return fmt.Sprintf("%s: its pod does not exist yet", m.Name)
	case m.Pod == PodTerminating:
		return fmt.Sprintf("%s: its pod is being deleted", m.Name)
	case m.Pod == PodPending:
		return fmt.Sprintf("%s: its pod is starting", m.Name)
	case m.Agent == nil:
		return fmt.Sprintf("%s: its agent was not reached: %s", m.Name, m.AgentError)
	case m.Agent.Message != "":
		return fmt.Sprintf("%s: %s", m.Name, strings.TrimSuffix(m.Agent.Message, "."))
	}
	return fmt.Sprintf("%s: %s", m.Name, m.plight())
}

// plight says what the state of an agent without a message means.
func (m Member) plight() string {
	switch m.Agent.State {
	case control.StateWaiting:
		return "its volume is empty and waits to be admitted"
	case control.StateStarting:
		return "etcd has started and has not joined its cluster yet"
	case control.StateRunning:
		if m.Agent.Etcd != nil && m.Agent.Etcd.Defragmenting {
			return "its database is being defragmented"
		}
		return "etcd runs and is not Ready yet"
	case control.StateStopping:
		return "it is stopping"
	case control.StateRemoved:
		return "the cluster has removed it"
	default:
		return fmt.Sprintf("its agent is %s (%s)", m.Agent.State, m.Agent.Reason)
	}
}

// whys joins the causes of several members.
func whys(ms []Member) string {
	parts := make([]string, len(ms))
	for i, m := range ms {
		parts[i] = m.Why()
	}
	return strings.Join(parts, "; ")
}

// reasonOf returns the first trouble's reason, or a fallback.
func reasonOf(ms []Member, fallback Reason) Reason {
	for _, m := range ms {
		if m.Trouble != nil {
			return m.Trouble.Reason
		}
	}
	return fallback
}

// Healthy reports whether a member serves, by its agent and by its pod.
func (m Member) Healthy() bool {
	return m.Agent != nil && m.Agent.State == control.StateRunning && m.Agent.Etcd != nil && m.Agent.Etcd.Ready && m.Ready
}
