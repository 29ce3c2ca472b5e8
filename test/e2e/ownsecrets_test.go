package e2e

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// theirs is a person's own authority for one cluster, and what they issue.
type theirs struct {
	c    *cluster
	plan pki.Plan
	made map[pki.Kind]pki.Content
}

func (s *space) theirs(c *cluster) *theirs {
	s.t.Helper()
	o := manifest(c.name, 3)
	o.Namespace = s.name
	a := &theirs{c, resource.PKIPlan(o, nil), map[pki.Kind]pki.Content{}}
	for _, kind := range []pki.Kind{pki.PeerCA, pki.ClientCA, pki.ControlCA} {
		content, err := pki.MintCA(a.plan, kind, time.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		a.made[kind] = content
	}
	return a
}

// issue returns the three Secrets, with certificates of that moment.
func (a *theirs) issue(now time.Time, change ...func(*pki.Plan)) map[string]map[string][]byte {
	a.c.t.Helper()
	p := a.plan
	for _, f := range change {
		f(&p)
	}
	made := maps.Clone(a.made)
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.OperatorTLS} {
		content, err := pki.Issue(p, kind, made, now)
		if err != nil {
			a.c.t.Fatal(err)
		}
		made[kind] = content
	}
	source := func(kind pki.Kind, cert, ca string) map[string][]byte {
		return map[string][]byte{"tls.crt": made[kind][cert+".crt"], "tls.key": made[kind][cert+".key"], "ca.crt": made[kind][ca]}
	}
	return map[string]map[string][]byte{
		"my-peer":   source(pki.MemberTLS, "peer", "peer-ca.crt"),
		"my-server": source(pki.MemberTLS, "server", "client-ca.crt"),
		"my-client": source(pki.OperatorTLS, "client", "client-ca.crt"),
	}
}

func (s *space) put(name string, content map[string][]byte) {
	s.t.Helper()
	modify(s, name, &corev1.Secret{}, func(secret *corev1.Secret) { secret.Data = content })
}

// mounted waits until the members' Secret has this server certificate.
func (c *cluster) mounted(cert []byte) {
	c.t.Helper()
	eventually(c.t, long, "the members' Secret follows", func(ctx context.Context) error {
		member := &corev1.Secret{}
		if err := world.Get(ctx, c.key(c.name+"-member-tls"), member); err != nil {
			return err
		}
		if !bytes.Equal(member.Data["server.crt"], cert) {
			return errors.New("it has another server certificate")
		}
		return nil
	})
}

// TestBringYourOwnTLS: a cluster forms with a person's own certificates. A
// renewed one is followed without a restart; one that is bad, in each way, is
// said with its Secret, its field and its key, and the cluster serves on.
func TestBringYourOwnTLS(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator(flag("--secret-interval=1s"))
	c := s.etcd("demo", 3, operatedBy(op.identity()), func(o *v1alpha1.EtcdCluster) {
		o.Spec.TLS.SecretRefs = &v1alpha1.SecretReferences{Peer: "my-peer", Server: "my-server", Client: "my-client"}
	})
	c.waitStalled(string(plan.ReasonSecretInvalid), "my-peer", "spec.tls.secretRefs.peer", "does not exist")
	own := s.theirs(c)
	good := own.issue(time.Now())
	for _, name := range slices.Sorted(maps.Keys(good)) {
		s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeTLS, Data: good[name]})
	}
	// Users have what the person gives them: here the operator's own.
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-client-tls"}, Type: corev1.SecretTypeTLS, Data: good["my-client"]})
	c.waitReady()
	keys, before := c.write("before", 10), c.identities()

	served := c.servedSerial()
	good = own.issue(time.Now())
	for name, content := range good {
		s.put(name, content)
	}
	c.mounted(good["my-server"]["tls.crt"])
	eventually(t, long, "the member serves the renewed certificate", func(context.Context) error {
		if c.servedSerial() == served {
			return errors.New("it serves the old one")
		}
		return nil
	})
	c.badSecrets(own, good)
	c.waitReady()
	c.same(before)
	keys.verify()
}

// badSecrets puts what is wrong into the Secrets, one after the other.
func (c *cluster) badSecrets(own *theirs, good map[string]map[string][]byte) {
	c.t.Helper()
	stranger := c.space.theirs(c)
	for _, bad := range []struct {
		secret  string
		content map[string][]byte
		reason  plan.Reason
		phrases []string
	}{
		{"my-server", without(good["my-server"], "tls.key"), plan.ReasonSecretInvalid, []string{"spec.tls.secretRefs.server", "tls.key is missing"}},
		{"my-server", own.issue(time.Now(), func(p *pki.Plan) { p.ClientService = "other" })["my-server"], plan.ReasonSecretInvalid, []string{"tls.crt: is not valid for demo-client." + c.space.name + ".svc"}},
		{"my-peer", own.issue(time.Now().Add(-2*time.Hour), func(p *pki.Plan) { p.Validity = time.Hour })["my-peer"], plan.ReasonSecretInvalid, []string{"spec.tls.secretRefs.peer", "tls.crt: expired at"}},
		{"my-client", with(good["my-client"], "ca.crt", stranger.made[pki.ClientCA]["tls.crt"]), plan.ReasonSecretInvalid, []string{"spec.tls.secretRefs.client", "not signed by an authority in ca.crt"}},
		{"my-peer", stranger.issue(time.Now())["my-peer"], plan.ReasonAuthorityChanged, []string{"spec.tls.secretRefs.peer", "spec.hibernated"}},
	} {
		recreate(c.space, bad.secret, bad.content)
		c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionFalse, string(bad.reason), append(bad.phrases, bad.secret)...)
		c.waitStalled(string(bad.reason), bad.secret)
		c.waitCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, "")
		c.write("beside", 3).verify()
		recreate(c.space, bad.secret, good[bad.secret])
		c.waitCondition(v1alpha1.ConditionCertificatesValid, metav1.ConditionTrue, "")
	}
}

// recreate makes a Secret anew: one of type kubernetes.io/tls may not lack a key.
func recreate(s *space, name string, content map[string][]byte) {
	s.t.Helper()
	old := &corev1.Secret{}
	s.read(name, old)
	s.remove(old)
	s.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: content})
}

func without(content map[string][]byte, key string) map[string][]byte {
	content = maps.Clone(content)
	delete(content, key)
	return content
}

func with(content map[string][]byte, key string, value []byte) map[string][]byte {
	content = maps.Clone(content)
	content[key] = value
	return content
}
