package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestPlaintextRefused: nobody without a certificate of this cluster's own CA
// gets an answer, on the client port or on the control port.
func TestPlaintextRefused(t *testing.T) {
	t.Parallel()
	c := sharedCluster(t)
	address := c.forward(c.member(0), clientPort)
	trusted := c.userTLS()
	c.accepted(address, trusted)
	bare := trusted.Clone()
	bare.Certificates = nil
	foreign := trusted.Clone()
	foreign.Certificates = []tls.Certificate{strangersCertificate(t)}
	for name, config := range map[string]*tls.Config{"plaintext": nil, "no certificate": bare, "another CA": foreign} {
		if err := c.reads(address, config); err == nil {
			t.Errorf("%s: etcd answered", name)
		}
	}
	c.controlPortRefuses("no certificate", nil)
	c.controlPortRefuses("a user's certificate", trusted.Certificates)
	c.controlPortRefuses("another CA", foreign.Certificates)
	if status := c.controlPort(c.secretPair("operator-tls", "control")); status != http.StatusOK {
		t.Errorf("the operator's own certificate gets %d from the control port", status)
	}
}

// refusalTimeout is how long a client tries before it counts as refused: etcd
// clients try again for as long as they may.
const refusalTimeout = 2 * time.Second

// reads asks for a key, for a moment.
func (c *cluster) reads(address string, config *tls.Config) error {
	c.t.Helper()
	client := c.dialWith(address, config)
	ctx, cancel := context.WithTimeout(context.Background(), refusalTimeout)
	defer cancel()
	_, err := client.Get(ctx, "any")
	return err
}

// accepted waits until a client gets its answer.
func (c *cluster) accepted(address string, config *tls.Config) {
	c.t.Helper()
	eventually(c.t, short, "the users' certificate is accepted", func(context.Context) error { return c.reads(address, config) })
}

func (c *cluster) controlPortRefuses(name string, certificates []tls.Certificate) {
	c.t.Helper()
	if status := c.controlPort(certificates); status == http.StatusOK {
		c.t.Errorf("%s: the control port answered", name)
	}
}

// controlPort asks an agent for its report, and returns the status of the
// answer; zero when the connection was refused.
func (c *cluster) controlPort(certificates []tls.Certificate) int {
	c.t.Helper()
	address := c.forward(c.member(0), controlPort)
	// Whom we speak to is not the question here, only whether it answers.
	config := &tls.Config{Certificates: certificates, InsecureSkipVerify: true} //nolint:gosec // the server is not what is tested: the client is
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: callTimeout}
	defer client.CloseIdleConnections()
	answer, err := client.Get("https://" + address + "/v1/report")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// secretPair reads a certificate and its key out of one of the cluster's Secrets.
func (c *cluster) secretPair(secret, name string) []tls.Certificate {
	c.t.Helper()
	s := &corev1.Secret{}
	c.read(c.name+"-"+secret, s)
	pair, err := tls.X509KeyPair(s.Data[name+".crt"], s.Data[name+".key"])
	if err != nil {
		c.t.Fatalf("Secret %s: %v", s.Name, err)
	}
	return []tls.Certificate{pair}
}

// strangersCertificate is a client certificate that signed itself.
func strangersCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// TestTLSDisabled: the explicit wish works, shows, and leaves the control port
// as closed as ever.
func TestTLSDisabled(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("plain", 1, func(c *v1alpha1.EtcdCluster) { c.Spec.TLS.Disabled = true })
	c.waitCondition(v1alpha1.ConditionSecured, metav1.ConditionFalse, v1alpha1.ReasonTLSDisabled)
	client := c.dialWith(c.forward(c.member(0), clientPort), nil)
	c.writeWith(client, "plain", 3).verifyWith(client)
	c.controlPortRefuses("no certificate", nil)
	err := world.Get(bounded(t), s.key("plain-client-tls"), &corev1.Secret{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("a cluster in plain text has a Secret for its clients (%v)", err)
	}
	if err := probe(s, c.member(0), "/readyz"); err != nil {
		t.Error(err)
	}
}

// probe asks the plain probe port of a member.
func probe(s *space, pod, path string) error {
	s.t.Helper()
	client := &http.Client{Timeout: callTimeout}
	defer client.CloseIdleConnections()
	answer, err := client.Get("http://" + s.forward(pod, probePort) + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s of %s answers %d: %s", path, pod, answer.StatusCode, body)
	}
	return errors.Join(err)
}
