package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"time"
)

const validity = 10 * 365 * 24 * time.Hour

// Authority signs certificates.
type Authority struct {
	CertPEM []byte
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
}

// Request says what a certificate is for.
type Request struct {
	CommonName string
	Groups     []string
	DNSNames   []string
	Addresses  []netip.Addr
}

// OpenAuthority loads the authority kept at path.crt and path.key, or makes it.
func OpenAuthority(path, name string) (*Authority, error) {
	if certPEM, err := os.ReadFile(path + ".crt"); err == nil {
		return loadAuthority(path, certPEM)
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make authority %s: %w", name, err)
	}
	certPEM := encode("CERTIFICATE", der)
	if err := writePair(path, certPEM, key); err != nil {
		return nil, err
	}
	return loadAuthority(path, certPEM)
}

func loadAuthority(path string, certPEM []byte) (*Authority, error) {
	cert, err := parseCertificate(certPEM)
	if err != nil {
		return nil, fmt.Errorf("%s.crt: %w", path, err)
	}
	key, err := readKey(path + ".key")
	if err != nil {
		return nil, err
	}
	return &Authority{CertPEM: certPEM, cert: cert, key: key}, nil
}

// Issue makes path.crt and path.key, valid for both ends of a connection, unless they exist.
func (a *Authority) Issue(path string, r Request) error {
	if _, err := os.Stat(path + ".crt"); err == nil {
		return nil
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: r.CommonName, Organization: r.Groups},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity - 24*time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    r.DNSNames, IPAddresses: ips(r.Addresses),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("issue a certificate for %s: %w", r.CommonName, err)
	}
	return writePair(path, encode("CERTIFICATE", der), key)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return key, nil
}

func serial() *big.Int { return new(big.Int).SetBytes([]byte(rand.Text())[:16]) }

func ips(addrs []netip.Addr) []net.IP {
	out := make([]net.IP, len(addrs))
	for i, a := range addrs {
		out[i] = a.AsSlice()
	}
	return out
}
