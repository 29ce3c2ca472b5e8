package status

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/plan"
)

// maxMessage is what the API server accepts in a condition.
const maxMessage = 32768

// reasonActionFailed is the reason while the decided action fails.
const reasonActionFailed = "ActionFailed"

func conditions(v View, before []metav1.Condition, now metav1.Time) []metav1.Condition {
	all := append([]metav1.Condition(nil), before...)
	for _, c := range []metav1.Condition{
		ready(v), quorate(v), progressing(v), stalled(v), certificatesValid(v), secured(v), healthy(v1alpha1.ConditionBackupHealthy, v.Backups),
	} {
		c.ObservedGeneration = v.Generation
		c.LastTransitionTime = now
		c.Message = clip(c.Message, maxMessage)
		meta.SetStatusCondition(&all, c)
	}
	return all
}

// Served reports whether this very generation is served: a linearizable
// answer, as many voters as the spec asks for, all of them healthy and none
// about to leave, no learner on its way, and no wish left open.
func (v View) Served() bool {
	o := v.Observation
	if o.Record.ClusterID == 0 || !o.Etcd.Reached || o.Deleting || v.Desired.Hibernated {
		return false
	}
	if o.Template.Changes != "" || o.StaleClaims != "" || len(o.Etcd.Members.Learners()) > 0 {
		return false
	}
	for i, m := range o.Members {
		if _, listed := o.Etcd.Members.ByPeerURL(m.PeerURL); !listed {
			continue
		}
		if i >= v.Desired.Replicas || !v.fits(m.Claim) || m.Stale != "" || m.Adjust != "" || m.Adjusting != "" {
			return false
		}
	}
	return len(o.Etcd.Members.Voters()) == v.Desired.Replicas && healthyVoters(o) == v.Desired.Replicas
}

// fits reports whether a volume is as large as it shall be, and of the right
// class.
func (v View) fits(c *plan.Claim) bool {
	if c == nil {
		return true
	}
	return c.Size >= v.Desired.StorageSize && c.Growing == "" && (v.Desired.StorageClass == "" || c.Class == v.Desired.StorageClass)
}

// ready carries the decision's reason and message, whatever its status: they
// are what `kubectl get` shows.
func ready(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: string(v.Decision.Reason), Message: v.Decision.Message}
	if v.Served() {
		c.Status = metav1.ConditionTrue
	}
	if v.Failure != "" {
		c.Reason, c.Message = failure(v)
	}
	return c
}

func quorate(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionQuorate}
	o := v.Observation
	switch {
	case v.Desired.Hibernated && !o.Etcd.Reached && !v.runs():
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(plan.ReasonHibernated), "No member runs: spec.hibernated is true."
	case v.Decision.Reason == plan.ReasonHibernating && !o.Etcd.Reached:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(plan.ReasonHibernating), "The members are stopping: spec.hibernated is true."
	case o.Record.ClusterID == 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, v1alpha1.ReasonForming, "The cluster is not formed yet."
	case o.Etcd.Reached:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonQuorumHealthy, fmt.Sprintf("%s voters serve; a linearizable read was answered.", quorum(v))
	case v.Decision.Reason == plan.ReasonQuorumLost:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(plan.ReasonQuorumLost), "No linearizable read is answered: "+o.Etcd.Error+"."
	case !v.runs():
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(v.Decision.Reason), "No member runs."
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, string(plan.ReasonUnreachable), "The operator reaches no member: "+o.Etcd.Error+"."
	}
	return c
}

// runs reports whether any pod runs, for all that is known: then a quorum may
// serve unseen.
func (v View) runs() bool {
	return slices.ContainsFunc(v.Observation.Members, func(m plan.Member) bool {
		return m.Pod == plan.PodRunning || m.Pod == plan.PodTerminating
	})
}

func progressing(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionProgressing, Status: metav1.ConditionFalse, Reason: string(v.Decision.Reason), Message: v.Decision.Message}
	idle := v.Decision.Reason == plan.ReasonPaused || v.Decision.Reason == plan.ReasonDeleting
	if v.Failure == "" && !idle && (v.Decision.Outcome == plan.OutcomeAct || v.Decision.Outcome == plan.OutcomeWait) {
		c.Status = metav1.ConditionTrue
	}
	return c
}

func stalled(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionFalse, Reason: string(v.Decision.Reason), Message: "Nothing that needs a person is in the way."}
	switch {
	case v.Failure != "":
		c.Status = metav1.ConditionTrue
		c.Reason, c.Message = failure(v)
	case v.Decision.Outcome == plan.OutcomeBlocked:
		c.Status, c.Message = metav1.ConditionTrue, v.Decision.Message
	}
	return c
}

// failure names the cause of a failed action by what the API server said.
func failure(v View) (reason, message string) {
	reason = reasonActionFailed
	switch text := strings.ReplaceAll(v.Failure, "\n", "; "); {
	case strings.Contains(text, "exceeded quota"):
		reason = v1alpha1.ReasonQuotaExceeded
		text += ". Raise the namespace's ResourceQuota or ask for less; it is tried again."
		return reason, text
	case strings.Contains(text, "is forbidden"):
		reason = v1alpha1.ReasonForbidden
	}
	return reason, fmt.Sprintf("%s. It is tried again.", strings.TrimSuffix(strings.ReplaceAll(v.Failure, "\n", "; "), "."))
}

func certificatesValid(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionCertificatesValid}
	certs := v.Observation.Certificates
	switch {
	case len(certs.LostAuthorities) > 0 && v.Observation.Remembers():
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonCertificateAuthorityLost
		c.Message = fmt.Sprintf("The authority in Secret %s is missing or unusable. A formed cluster gets no new one; restore the Secret.", strings.Join(certs.LostAuthorities, ", "))
	case len(certs.Sources) > 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(certs.Sources[0].Reason), sourceMessages(certs.Sources)
	case len(certs.Problems) > 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, v1alpha1.ReasonSecretInvalid, strings.Join(certs.Problems, "; ")
	case len(certs.Wanted) > 0 || len(certs.LostAuthorities) > 0:
		c.Status, c.Reason, c.Message = metav1.ConditionFalse, string(plan.ReasonCertificates), "Certificates are being issued."
	case certs.Rotation != nil && certs.Rotation.Until != "":
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonCertificatesValid, rotationMessage(*certs.Rotation, certs.Expiry)
	case certs.Expiry == "":
		c.Status, c.Reason, c.Message = metav1.ConditionUnknown, string(v.Decision.Reason), "The certificates have not been read."
	case certs.Elsewhere:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonCertificatesValid, fmt.Sprintf("All certificates are valid; the first ends %s. Those of clients and peers are renewed where they come from.", certs.Expiry)
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonCertificatesValid, fmt.Sprintf("All certificates are valid; the first ends %s and is renewed before.", certs.Expiry)
	}
	return c
}

func sourceMessages(troubles []plan.Source) string {
	messages := make([]string, len(troubles))
	for i, t := range troubles {
		messages[i] = t.Message
	}
	return strings.Join(messages, ". ") + "."
}

// healthy is a condition of how backups are.
func healthy(kind string, h series.Health) metav1.Condition {
	c := metav1.Condition{Type: kind, Message: h.Message}
	switch h.State {
	case series.HealthRecent:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonBackupRecent
	case series.HealthFailed:
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonBackupFailed
	case series.HealthMissing:
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonBackupMissing
	case series.HealthDrillFailed:
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonDrillFailed
	case series.HealthOverdue:
		c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue
	default:
		c.Status, c.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNoBackup
	}
	return c
}
