package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
)

// secured says who gets to the data: whoever reaches the ports, whoever knows
// what is wrong with a release, or those who show a certificate.
func secured(v View) metav1.Condition {
	c := metav1.Condition{Type: v1alpha1.ConditionSecured, Status: metav1.ConditionFalse}
	known := vulnerable(v)
	switch {
	case v.Desired.TLSDisabled:
		c.Reason, c.Message = v1alpha1.ReasonTLSDisabled, "spec.tls.disabled is true: whoever reaches ports 2379 and 2380 reads and changes everything."
		if known != "" {
			c.Message += " " + known
		}
	case known != "":
		c.Reason, c.Message = v1alpha1.ReasonKnownVulnerabilities, known
	default:
		c.Status, c.Reason, c.Message = metav1.ConditionTrue, v1alpha1.ReasonMutualTLS, "Clients and peers authenticate each other by certificates."
	}
	return c
}

// vulnerable says what is known against the release that a member runs or, where
// none runs, that the spec asks for.
func vulnerable(v View) string {
	asked := v.Desired.Version
	for _, m := range v.Observation.Members {
		if m.Agent == nil || m.Agent.Etcd == nil {
			continue
		}
		asked = ""
		if known := known(m.Agent.Binary); known != "" {
			return known
		}
	}
	return known(asked)
}

func known(release string) string {
	version, err := etcd.ParseVersion(release)
	if err != nil {
		return ""
	}
	return etcd.Vulnerable(version)
}
