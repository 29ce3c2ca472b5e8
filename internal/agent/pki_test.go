package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
)

// authority is a CA for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{t: t, cert: cert, key: key}
}

// leaf returns certificate and key in PEM, good for both ends of a connection.
func (a authority) leaf(name string, ips ...net.IP) (certPEM, keyPEM []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: ips, DNSNames: []string{name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	must(a.t, err)
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	must(a.t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey})
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// client is a TLS configuration for a client of that name.
func (a authority) client(name string) *tls.Config {
	a.t.Helper()
	certPEM, keyPEM := a.leaf(name)
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	must(a.t, err)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// authorities are the three of a cluster.
type authorities struct{ peer, client, control authority }

func newAuthorities(t *testing.T) authorities {
	return authorities{newAuthority(t, "peers"), newAuthority(t, "clients"), newAuthority(t, "control")}
}

// mount writes what the pod finds in its mounted Secret.
func (as authorities) mount(t *testing.T, host string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) { must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600)) }
	for name, a := range map[string]authority{"peer": as.peer, "server": as.client, "control": as.control} {
		certPEM, keyPEM := a.leaf(name, net.ParseIP(host))
		write(name+".crt", certPEM)
		write(name+".key", keyPEM)
	}
	write("peer-ca.crt", as.peer.pem())
	write("client-ca.crt", as.client.pem())
	write("control-ca.crt", as.control.pem())
	return dir
}

func (as authorities) operator() *tls.Config { return as.control.client(control.OperatorCommonName) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
