package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

var authorities = []string{"demo-peer-ca", "demo-client-ca", "demo-control-ca"}

// TestCARotation: all authorities are replaced while clients read and write, who
// take up what is new when they are told to. Members restart twice; in the end
// nobody trusts the old ones, nor takes what they have signed.
func TestCARotation(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()), grace("1h"))
	before, old, oldControl := c.identities(), c.userTLS(), c.secretPair("operator-tls", "control")
	first := c.signing()
	l := c.load(relaxed)
	l.phase("old and new trusted")
	kubectl(t, "-n", s.name, "annotate", "etcd/demo", v1alpha1.AnnotationRotateCA+"=once")

	c.waitCondition(v1alpha1.ConditionCertificatesValid, "True", "", "take up ca.crt")
	c.restartsAll(before)
	once := c.identities()
	if now := c.signing(); !slices.Equal(now, first) {
		t.Error("a new authority signs before clients had their time")
	}
	l.takeUp("new ones sign")
	// Of the first stage it has passed; the next one lasts as long as it takes to be seen.
	c.change(grace("30s"))
	c.waitCondition(v1alpha1.ConditionCertificatesValid, "True", "", "take up the certificate")
	c.change(grace("1h"))
	l.takeUp("new ones alone")
	c.waitReady()
	if n := c.restarted(once); n != 0 {
		t.Errorf("%d members have restarted for certificates", n)
	}
	c.change(grace("1s"))

	c.rotated("once")
	for i, now := range c.signing() {
		if now == first[i] {
			t.Errorf("%s still has the old one", authorities[i])
		}
	}
	c.told("Rotate", "not trusted any more")
	c.restartsAll(once)
	c.settled(c.waitReady())
	l.progress(20)
	l.finish()

	for _, member := range c.members() {
		c.accepted(c.forward(member, clientPort), c.userTLS())
		// A refused handshake can end a forwarded port: each has its own.
		if err := c.reads(c.forward(member, clientPort), old); err == nil {
			t.Errorf("%s and a client of the old authority take each other", member)
		}
		believer := c.userTLS() // trusts the new one, and shows what the old one has signed
		believer.Certificates = old.Certificates
		if err := c.reads(c.forward(member, clientPort), believer); err == nil {
			t.Errorf("%s still takes what the old authority has signed", member)
		}
	}
	c.controlPortRefuses("the old operator's certificate", oldControl)
	c.sameEverywhere()
}

// rotated waits until the authorities have been through a rotation, the old ones
// are gone, and every member has loaded that.
func (c *cluster) rotated(name string) {
	c.t.Helper()
	eventually(c.t, 2*long, "the old authorities are gone", func(context.Context) error {
		for _, authority := range authorities {
			secret := &corev1.Secret{}
			c.read(authority, secret)
			if string(secret.Data[pki.KeyRotation]) != name || string(secret.Data[pki.KeyBundle]) != string(secret.Data[pki.KeyCert]) {
				return fmt.Errorf("%s is not that far: %s", authority, conditionsText(c.object().Status.Conditions))
			}
		}
		return nil
	})
	c.await("is at rest", func(o *v1alpha1.EtcdCluster) error {
		return conditionAt(o, o.Generation, v1alpha1.ConditionProgressing, metav1.ConditionFalse, string(plan.ReasonSteady))
	})
}

// restartsAll waits until every member's pod is another one, and the cluster Ready.
func (c *cluster) restartsAll(before identities) {
	c.t.Helper()
	eventually(c.t, 2*long, "every member has restarted", func(context.Context) error {
		if n := c.restarted(before); n != len(before.pods) {
			return fmt.Errorf("%d of %d have: %s", n, len(before.pods), conditionsText(c.object().Status.Conditions))
		}
		return nil
	})
	c.waitReady()
}

func grace(text string) edit {
	return func(o *v1alpha1.EtcdCluster) { o.Spec.TLS.AuthorityGrace = duration(text) }
}

// signing are the certificates of the authorities that sign.
func (c *cluster) signing() (certs []string) {
	c.t.Helper()
	for _, name := range authorities {
		secret := &corev1.Secret{}
		c.read(name, secret)
		certs = append(certs, string(secret.Data[pki.KeyCert]))
	}
	return certs
}

// takeUp does what a user does with clients: it waits until their node has brought
// the Secret, and lets them connect anew. A new phase of the history begins.
func (l *load) takeUp(phase string) {
	l.c.t.Helper()
	secret := &corev1.Secret{}
	l.c.read(l.c.name+"-client-tls", secret)
	for _, file := range []string{"ca.crt", "tls.crt"} {
		eventually(l.c.t, long, "the clients' node has brought "+file, func(ctx context.Context) error {
			mounted, err := l.ask(ctx, http.MethodGet, "/tls/"+file)
			if err == nil && string(mounted) != string(secret.Data[file]) {
				err = fmt.Errorf("it is the one before")
			}
			return err
		})
	}
	l.phase(phase)
}
