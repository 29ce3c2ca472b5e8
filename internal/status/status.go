package status

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// View is all that a status is made of.
type View struct {
	Generation  int64
	Desired     plan.Desired
	Observation plan.Observation
	Decision    plan.Decision
	// Failure is why the decided action failed; empty when it did not.
	Failure string
	// Selector and ServiceName are the cluster's, from its builders.
	Selector, ServiceName string
}

// Of returns the status for a view. What the operator records for itself
// (operator, clusterID, birth, intent) is not part of it. Conditions that
// stay as they are keep their transition times from before.
func Of(v View, before []metav1.Condition, now metav1.Time) v1alpha1.EtcdClusterStatus {
	s := v1alpha1.EtcdClusterStatus{
		ObservedGeneration: v.Generation,
		Selector:           v.Selector,
		ServiceName:        v.ServiceName,
		Members:            members(v.Observation),
		Version:            version(v.Observation),
	}
	for _, m := range v.Observation.Members {
		if m.Pod != plan.PodAbsent {
			s.Replicas++
		}
		if m.Ready {
			s.ReadyReplicas++
		}
	}
	s.Leader = leader(v.Observation)
	s.Quorum = quorum(v.Observation)
	s.Conditions = conditions(v, before, now)
	return s
}

// quorum is "healthy voters/voters". Without a linearizable answer nobody is
// known to be a healthy voter.
func quorum(o plan.Observation) string {
	voters := len(o.Etcd.Members.Voters())
	if !o.Etcd.Reached {
		return fmt.Sprintf("0/%d", len(o.Members))
	}
	return fmt.Sprintf("%d/%d", healthyVoters(o), voters)
}

// healthyVoters counts the voters of the member list whose agent serves.
func healthyVoters(o plan.Observation) int {
	healthy := 0
	for _, m := range o.Members {
		entry, listed := o.Etcd.Members.ByPeerURL(m.PeerURL)
		if listed && !entry.IsLearner && m.Healthy() {
			healthy++
		}
	}
	return healthy
}

// leader is the pod whose member leads by its own word. Two may say so for a
// moment around an election; the higher term is right.
func leader(o plan.Observation) string {
	var name string
	var term uint64
	for _, m := range o.Members {
		if leads(m) && m.Agent.Etcd.Term > term {
			name, term = string(m.Name), m.Agent.Etcd.Term
		}
	}
	return name
}

func leads(m plan.Member) bool {
	return m.Agent != nil && m.Agent.Etcd != nil && m.Agent.Etcd.MemberID != 0 && m.Agent.Etcd.Leader == m.Agent.Etcd.MemberID
}

// version is the lowest version that a running member has: the one that every
// member has reached.
func version(o plan.Observation) string {
	var lowest *etcd.Version
	for _, m := range o.Members {
		if m.Agent == nil || m.Agent.Etcd == nil {
			continue
		}
		v, err := etcd.ParseVersion(m.Agent.Binary)
		if err == nil && (lowest == nil || v.Compare(*lowest) < 0) {
			lowest = &v
		}
	}
	if lowest == nil {
		return ""
	}
	return lowest.String()
}

// members lists the members by pod name, matched to the member list by peer
// URL and never by position.
func members(o plan.Observation) []v1alpha1.MemberStatus {
	lead := leader(o)
	var list []v1alpha1.MemberStatus
	for _, m := range o.Members {
		entry, listed := o.Etcd.Members.ByPeerURL(m.PeerURL)
		s := v1alpha1.MemberStatus{Name: string(m.Name), Ready: m.Healthy()}
		if o.Etcd.Reached || o.Record.ClusterID == 0 {
			s.Role = role(m, entry, listed, lead) // without a member list nobody's role is known
		}
		switch {
		case listed:
			s.ID = entry.ID.String()
		case m.Agent != nil && m.Agent.Volume.Admission != nil:
			s.ID = m.Agent.Volume.Admission.MemberID.String()
		}
		if m.Agent != nil && m.Agent.State == control.StateRunning {
			s.Version = m.Agent.Binary
		}
		if !s.Ready {
			s.Message = clip(m.Why(), 1024)
		}
		list = append(list, s)
	}
	return list
}

func role(m plan.Member, entry etcd.Member, listed bool, lead string) v1alpha1.MemberRole {
	switch {
	case !listed:
		return v1alpha1.RoleJoining
	case string(m.Name) == lead:
		return v1alpha1.RoleLeader
	case entry.IsLearner:
		return v1alpha1.RoleLearner
	default:
		return v1alpha1.RoleVoter
	}
}

// clip shortens a message to what the API server accepts.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-3] + "..."
}
