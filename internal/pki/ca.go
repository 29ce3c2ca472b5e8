package pki

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MintCA makes a new CA. The caller answers for the cluster not being formed:
// members that run trust the old CA, and only it, until they restart.
func MintCA(p Plan, kind Kind, now time.Time) (Content, error) {
	if !kind.IsCA() {
		return nil, fmt.Errorf("mint CA: %s is not a CA", kind)
	}
	certPEM, keyPEM, err := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: kind.SecretName(p.Cluster)},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              now.Add(CAValidity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // signs leaves, never another CA
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("mint %s: %w", kind.SecretName(p.Cluster), err)
	}
	return Content{KeyCert: certPEM, KeyKey: keyPEM, KeyBundle: slices.Clone(certPEM)}, nil
}

// authority is a CA Secret that can sign: tls.crt is the signer, bundle is
// all that is to be trusted, the signer included.
type authority struct {
	keyPair
	bundle []byte
}

// parseAuthority reads a CA Secret; an error says why it cannot sign.
func parseAuthority(c Content, now time.Time) (*authority, error) {
	if err := c.require(KeyCert, KeyKey, KeyBundle); err != nil {
		return nil, err
	}
	pair, err := c.pair(KeyCert, KeyKey)
	if err != nil {
		return nil, err
	}
	if !pair.cert.IsCA || pair.cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, errors.New(KeyCert + ": is not a CA")
	}
	if now.After(pair.cert.NotAfter) {
		return nil, fmt.Errorf("%s: expired at %s", KeyCert, pair.cert.NotAfter.UTC().Format(time.RFC3339))
	}
	trusted, err := c.certificates(KeyBundle)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(trusted, pair.cert.Equal) {
		return nil, errors.New(KeyBundle + ": does not contain the CA in " + KeyCert)
	}
	return &authority{keyPair: pair, bundle: c[KeyBundle]}, nil
}

// fingerprint identifies a certificate to people and in records.
func fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}
