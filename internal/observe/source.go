package observe

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

// sources reads the Secrets that certificates come from, whoever owns them. One
// that is not in order is read anew at each look, so that its mending is seen
// at once.
func (o *Observer) sources(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	if len(s.PKI.Sources) == 0 {
		return nil
	}
	s.PKI.Members = max(int(c.Spec.Replicas), len(s.Observation.Members))
	s.PKI.Bound = bound(s)
	for _, kind := range s.PKI.Sources.Kinds() {
		secret, err := o.Secrets.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: s.PKI.Sources[kind]})
		if err != nil {
			return err
		}
		if secret != nil {
			s.Secrets[kind] = pki.Content(secret.Data)
		}
	}
	return nil
}

// bound reports whether any process may have loaded the authorities in use. A
// pod that has not started may at any moment.
func bound(s *Sight) bool { return s.Observation.Remembers() && len(s.Pods) > 0 }

// sourceTroubles says what is wrong with the sources, and forgets these.
func (o *Observer) sourceTroubles(c *v1alpha1.EtcdCluster, s *Sight, a pki.Assessment) {
	certs := &s.Observation.Certificates
	certs.Elsewhere = len(s.PKI.Sources) > 0
	for _, kind := range s.PKI.Sources.Kinds() {
		r := a.Of(kind)
		if r.Finding == pki.Current {
			continue
		}
		name := s.PKI.Sources[kind]
		o.Secrets.Forget(types.NamespacedName{Namespace: c.Namespace, Name: name})
		trouble := plan.Source{Name: name, Reason: plan.ReasonSecretInvalid, Message: fmt.Sprintf(
			"Secret %s (%s): %s. Mend that Secret; until then members keep the certificates that they have", name, field(c, kind), r.Message)}
		if r.Finding == pki.AuthorityChanged {
			trouble.Reason = plan.ReasonAuthorityChanged
			trouble.Message = fmt.Sprintf("Secret %s (%s): %s. Members keep what they have: etcd reads whom it trusts only as it starts. "+
				"Put back a certificate of the old authority, with that authority in ca.crt; or stop the cluster with spec.hibernated, and all members start with the new one when it is set back",
				name, field(c, kind), r.Message)
		}
		certs.Sources = append(certs.Sources, trouble)
	}
}

// field names where the spec says that a Secret is a source.
func field(c *v1alpha1.EtcdCluster, kind pki.Kind) string {
	if c.Spec.TLS.IssuerRef != nil {
		return "filled by the Certificate of that name, for spec.tls.issuerRef"
	}
	return map[pki.Kind]string{
		pki.PeerSource: "spec.tls.secretRefs.peer", pki.ServerSource: "spec.tls.secretRefs.server", pki.ClientSource: "spec.tls.secretRefs.client",
	}[kind]
}
