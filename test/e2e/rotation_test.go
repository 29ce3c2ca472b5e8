package e2e

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestCARotation: all authorities are replaced while the cluster serves. Members restart twice; in the end nobody trusts the old ones,
// nor takes what they have signed.
func TestCARotation(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()), func(o *v1alpha1.EtcdCluster) {
		o.Spec.TLS.AuthorityGrace = duration("1s")
	})
	keys, before, old := c.write("before", 20), c.identities(), c.userTLS()
	first := map[string]string{}
	for _, name := range []string{"demo-peer-ca", "demo-client-ca", "demo-control-ca"} {
		secret := &corev1.Secret{}
		s.read(name, secret)
		first[name] = string(secret.Data["tls.crt"])
	}
	kubectl(t, "-n", s.name, "annotate", "etcd/demo", v1alpha1.AnnotationRotateCA+"=once")
	eventually(t, 2*long, "the rotation has come to its end", func(context.Context) error {
		secret := &corev1.Secret{}
		s.read("demo-peer-ca", secret)
		if ca := string(secret.Data["tls.crt"]); ca == first["demo-peer-ca"] || ca != string(secret.Data["ca.crt"]) {
			return errors.New(conditionsText(c.object().Status.Conditions))
		}
		return nil
	})
	c.told("Rotate", "not trusted any more")
	c.waitReady()
	if n := c.restarted(before); n != 3 {
		t.Errorf("%d members have restarted, want all", n)
	}
	eventually(t, medium, "the old authorities are gone", func(context.Context) error {
		for name, was := range first {
			secret := &corev1.Secret{}
			s.read(name, secret)
			if string(secret.Data["tls.crt"]) == was || string(secret.Data["ca.crt"]) != string(secret.Data["tls.crt"]) {
				return fmt.Errorf("%s still has the old one", name)
			}
		}
		return nil
	})
	c.waitReady()
	keys.verify()
	for _, member := range c.members() {
		if conn, err := tls.Dial("tcp", c.forward(member, clientPort), old); err == nil {
			_ = conn.Close()
			t.Errorf("%s still shows a certificate that the old authority has signed", member)
		}
	}
	c.sameEverywhere()
	c.settled(c.waitReady())
}
