package pki

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// EtcdTLS returns the operator's configuration towards etcd's client port,
// from the content of the cluster's operator-tls Secret.
func EtcdTLS(operator Content) (*tls.Config, error) {
	return clientConfig(operator, "client-ca.crt", "client.crt", "client.key", tls.VersionTLS12)
}

// ControlTLS returns the operator's configuration towards the agents' control
// port, from the content of the cluster's operator-tls Secret.
func ControlTLS(operator Content) (*tls.Config, error) {
	return clientConfig(operator, "control-ca.crt", "control.crt", "control.key", tls.VersionTLS13)
}

// UserTLS returns a user's configuration towards etcd's client port, from the
// content of the cluster's client-tls Secret.
func UserTLS(client Content) (*tls.Config, error) {
	return clientConfig(client, KeyBundle, KeyCert, KeyKey, tls.VersionTLS12)
}

// clientConfig trusts nothing but the bundle: not the roots of the system.
func clientConfig(c Content, bundle, certKey, keyKey string, minVersion uint16) (*tls.Config, error) {
	if err := c.require(bundle, certKey, keyKey); err != nil {
		return nil, fmt.Errorf("read client certificate: %w", err)
	}
	cert, err := tls.X509KeyPair(c[certKey], c[keyKey])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", certKey, err)
	}
	trusted, err := c.certificates(bundle)
	if err != nil {
		return nil, fmt.Errorf("read CA bundle: %w", err)
	}
	roots := x509.NewCertPool()
	for _, ca := range trusted {
		roots.AddCert(ca)
	}
	return &tls.Config{MinVersion: minVersion, RootCAs: roots, Certificates: []tls.Certificate{cert}}, nil
}
