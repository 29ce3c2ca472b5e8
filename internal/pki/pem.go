package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const (
	blockCertificate = "CERTIFICATE"
	blockPrivateKey  = "PRIVATE KEY" // PKCS #8: Go, OpenSSL and Java all read it
)

// keyPair is a certificate with the private key that fits it.
type keyPair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// require returns an error that names every key that is absent or empty.
func (c Content) require(keys ...string) error {
	var errs []error
	for _, key := range keys {
		if len(c[key]) == 0 {
			errs = append(errs, fmt.Errorf("the key %s is missing", key))
		}
	}
	return errors.Join(errs...)
}

// pair parses a certificate and its key, and holds that they fit.
func (c Content) pair(certKey, keyKey string) (keyPair, error) {
	parsed, err := tls.X509KeyPair(c[certKey], c[keyKey])
	if err != nil {
		return keyPair{}, fmt.Errorf("%s with %s: %w", certKey, keyKey, err)
	}
	signer, ok := parsed.PrivateKey.(crypto.Signer)
	if !ok {
		return keyPair{}, fmt.Errorf("%s: the key cannot sign", keyKey)
	}
	return keyPair{cert: parsed.Leaf, key: signer}, nil
}

// certificates parses all certificates under a key; none is an error.
func (c Content) certificates(key string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for rest := c[key]; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != blockCertificate {
			return nil, fmt.Errorf("%s: holds a %s beside certificates", key, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s: holds no certificate", key)
	}
	return certs, nil
}

// sign makes a new ECDSA P-256 key and a certificate for it, both as PEM.
// With a nil issuer the certificate signs itself.
func sign(template *x509.Certificate, issuer *keyPair) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("generate key: %w", err)
	}
	if issuer == nil {
		issuer = &keyPair{cert: template, key: key}
	}
	// No serial number in the template: Go draws a random one.
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, &key.PublicKey, issuer.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode key: %w", err)
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: blockPrivateKey, Bytes: encoded})
	return certPEM, keyPEM, nil
}
