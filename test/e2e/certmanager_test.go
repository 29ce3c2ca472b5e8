package e2e

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

// caIssuer makes an Issuer of cert-manager that signs with an authority of the test.
func (s *space) caIssuer(c *cluster, name string) {
	s.t.Helper()
	authority := s.theirs(c).made[pki.PeerCA]
	issuer := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"ca": map[string]any{"secretName": name}}}}
	issuer.SetGroupVersionKind(schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Issuer"})
	issuer.SetName(name)
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: authority}, issuer)
}

// TestCertManager: cert-manager's own controllers issue. Until the issuer is
// there the condition names the Certificate and the field, and no pod is made;
// then the cluster forms, users find their Secret, and what cert-manager renews
// is followed without a restart.
func TestCertManager(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.etcd("demo", 3, operatedBy(op.identity()), func(o *v1alpha1.EtcdCluster) {
		o.Spec.TLS.IssuerRef = &v1alpha1.IssuerReference{Name: "ours"}
	})
	c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, string(plan.ReasonNotIssued), "Certificate demo-peer-cert", "spec.tls.issuerRef")
	c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, string(plan.ReasonNotIssued), "Issuer ours")
	if pods := c.pods(); len(pods) > 0 {
		t.Errorf("there are %d pods before there are certificates", len(pods))
	}
	s.caIssuer(c, "ours")
	c.waitReady()
	keys, before, served := c.write("before", 10), c.identities(), c.servedSerial()
	c.throughService("user", "put", "greeting", "hello")

	member, source := &corev1.Secret{}, &corev1.Secret{}
	s.read("demo-member-tls", member)
	s.read("demo-server-cert", source)
	if !bytes.Equal(member.Data["server.crt"], source.Data["tls.crt"]) {
		t.Error("members do not show what cert-manager has issued")
	}
	s.remove(source) // cert-manager issues it anew
	eventually(t, 2*time.Minute, "the member serves what was issued anew", func(context.Context) error {
		if c.servedSerial() == served {
			return errors.New("it serves the old one")
		}
		return nil
	})
	c.waitReady()
	c.same(before)
	keys.verify()
}
