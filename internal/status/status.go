package status

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// View is all that a status is made of.
type View struct {
	Generation  int64
	Desired     plan.Desired
	Observation plan.Observation
	Decision    plan.Decision
	// Backups is how the cluster's backups are.
	Backups series.Health
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
		Members:            members(v),
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
	s.Quorum = quorum(v)
	s.Conditions = conditions(v, before, now)
	return s
}

// quorum is "healthy voters/voters". Without a linearizable answer nobody is
// known to be a healthy voter.
func quorum(v View) string {
	if o := v.Observation; o.Etcd.Reached {
		return fmt.Sprintf("%d/%d", healthyVoters(o), len(o.Etcd.Members.Voters()))
	}
	return fmt.Sprintf("0/%d", remembered(v))
}

// remembered is how many voters there are while the cluster cannot be asked:
// as many as there are volumes of members, otherwise those that are asked for.
func remembered(v View) int {
	formed := 0
	for _, m := range v.Observation.Members {
		if m.Claim != nil && m.Claim.Formed != 0 {
			formed++
		}
	}
	switch birth := v.Observation.Record.Birth; {
	case formed > 0:
		return formed
	case v.Observation.Record.ClusterID == 0 && birth != nil:
		return len(birth.Members)
	default:
		return v.Desired.Replicas
	}
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

// clip shortens a message to what the API server accepts.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-3] + "..."
}
