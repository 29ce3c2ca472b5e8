package status

import (
	"fmt"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// members lists the members by pod name, matched to the member list by peer
// URL and never by position: those that the list shows, those that the spec
// asks for, and whatever else still has a pod or a claim.
func members(v View) []v1alpha1.MemberStatus {
	o := v.Observation
	lead := leader(o)
	var list []v1alpha1.MemberStatus
	for i, m := range o.Members {
		entry, listed := o.Etcd.Members.ByPeerURL(m.PeerURL)
		wanted := i < v.Desired.Replicas
		if !listed && !wanted && m.Pod == plan.PodAbsent && m.Claim == nil {
			continue
		}
		s := v1alpha1.MemberStatus{Name: string(m.Name), ID: id(o, m, entry), Ready: m.Healthy()}
		switch {
		case listed:
			s.Role = role(m, entry, lead)
		case o.Record.ClusterID == 0, o.Etcd.Reached && (wanted || awaits(m)):
			s.Role = v1alpha1.RoleJoining // without a member list nobody's role is known
		}
		if m.Agent != nil && m.Agent.State == control.StateRunning {
			s.Version = m.Agent.Binary
		}
		if !s.Ready {
			s.Message = clip(plight(v, m, listed || wanted), 1024)
		}
		list = append(list, s)
	}
	return list
}

func role(m plan.Member, entry etcd.Member, lead string) v1alpha1.MemberRole {
	switch {
	case string(m.Name) == lead:
		return v1alpha1.RoleLeader
	case entry.IsLearner && !entry.Started():
		return v1alpha1.RoleJoining
	case entry.IsLearner:
		return v1alpha1.RoleLearner
	default:
		return v1alpha1.RoleVoter
	}
}

// awaits reports whether a volume that holds nothing waits to be admitted.
func awaits(m plan.Member) bool {
	return m.Agent != nil && m.Agent.State == control.StateWaiting && m.Agent.Volume.Admission == nil
}

// id is the member's ID by the member list. While there is none, the volume
// and then its claim are asked; one that the list does not show has none.
func id(o plan.Observation, m plan.Member, entry etcd.Member) string {
	switch {
	case entry.ID != 0:
		return entry.ID.String()
	case o.Etcd.Reached && o.Record.ClusterID != 0:
		return ""
	case m.Agent != nil && m.Agent.Volume.Admission != nil:
		return m.Agent.Volume.Admission.MemberID.String()
	case m.Claim != nil && m.Claim.Member != 0:
		return m.Claim.Member.String()
	default:
		return ""
	}
}

// plight says why a member does not serve.
func plight(v View, m plan.Member, counts bool) string {
	switch {
	case m.Pod == plan.PodAbsent && v.Desired.Hibernated:
		return fmt.Sprintf("%s: it rests: spec.hibernated is true", m.Name)
	case m.Pod == plan.PodAbsent && m.Loss != "":
		return fmt.Sprintf("%s: %s", m.Name, m.Loss)
	case m.Pod == plan.PodAbsent && !counts && v.Observation.Etcd.Reached:
		return fmt.Sprintf("%s: it is no member any more; its claim %s goes", m.Name, m.Claim.Name)
	default:
		return m.Why()
	}
}
