package observe

import (
	"strings"
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

// defaultGrace is how long clients have at each stage of a rotation.
const defaultGrace = 24 * time.Hour

// rotation finds the replacement of authorities that is under way, or wanted: by
// a person, or because one of them becomes old.
func (o *Observer) rotation(c *v1alpha1.EtcdCluster, s *Sight, a pki.Assessment) {
	name := rotationName(s, strings.TrimSpace(c.Annotations[v1alpha1.AnnotationRotateCA]), a)
	if name == "" {
		return
	}
	stage := s.PKI.Stage(s.Secrets, name)
	r := &plan.Rotation{Name: name, Stage: plan.RotationStage(stage.String()), Lagging: s.PKI.Lagging(s.Secrets, name)}
	if since := s.PKI.StageSince(s.Secrets, name); !since.IsZero() {
		if until := since.Add(grace(c)); until.After(o.Now()) {
			r.Until = until.UTC().Format(time.RFC3339)
			if s.NextCheck.IsZero() || until.Before(s.NextCheck) {
				s.NextCheck = until
			}
		}
	}
	s.Observation.Certificates.Rotation = r
}

func grace(c *v1alpha1.EtcdCluster) time.Duration {
	if g := c.Spec.TLS.AuthorityGrace; g != nil {
		return g.Duration
	}
	return defaultGrace
}

// rotationName is the rotation to go on with or to begin, or else the last that
// was asked for; empty when there is none. One that has begun comes first, whatever has
// become of the annotation. An annotation that stays is obeyed once.
func rotationName(s *Sight, asked string, a pki.Assessment) string {
	if begun := s.PKI.Begun(s.Secrets); begun != "" {
		return begun
	}
	if asked != "" && !s.PKI.Obeyed(s.Secrets, asked) {
		return asked
	}
	for _, r := range a.With(pki.RenewDue) {
		if r.Kind.IsCA() {
			return pki.AgedRotation(asked, r.NotAfter)
		}
	}
	return ""
}

// trusts compares whom each member trusts with what its Secret says.
func (s *Sight) trusts() {
	secret := s.Secrets[pki.MemberTLS]
	etcd := control.TrustDigest(secret["peer-ca.crt"], secret["client-ca.crt"])
	port := control.TrustDigest(secret["control-ca.crt"])
	leaves := control.TrustDigest(secret["peer.crt"], secret["server.crt"], secret["control.crt"])
	if secret != nil {
		s.Observation.Certificates.Trust = etcd
	}
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		if secret == nil || m.Agent == nil || m.Agent.Trust == nil {
			continue
		}
		switch t := m.Agent.Trust; {
		case t.OnDisk != etcd || t.Control != port || t.Leaves != leaves:
			m.Trust = plan.TrustAwaited
		case t.Loaded != "" && t.Loaded != etcd:
			m.Trust = plan.TrustOnDisk
			if m.Stale == "" {
				m.Stale = "whom it trusts has changed"
			}
		default:
			m.Trust = plan.TrustLoaded
		}
	}
}
