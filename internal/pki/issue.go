package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"maps"
	"time"
)

// Issue returns the new content of one leaf Secret, given all Secrets of the
// cluster as they are. Each leaf whose CA can sign is issued anew, with the
// CA's present bundle beside it. A leaf whose CA cannot sign keeps its bytes;
// if it has none, there is nothing to mount and Issue fails.
func Issue(p Plan, kind Kind, secrets map[Kind]Content, now time.Time) (Content, error) {
	leaves := p.leaves(kind)
	if len(leaves) == 0 {
		return nil, fmt.Errorf("issue %s: holds no leaf certificate", kind.SecretName(p.Cluster))
	}
	issued := Content{}
	for _, l := range leaves {
		part, err := p.issueLeaf(l, secrets, secrets[kind], now)
		if err != nil {
			return nil, fmt.Errorf("issue %s in %s: %w", l.certKey, kind.SecretName(p.Cluster), err)
		}
		maps.Copy(issued, part)
	}
	return issued, nil
}

func (p Plan) issueLeaf(l leaf, secrets map[Kind]Content, present Content, now time.Time) (Content, error) {
	if l.source != "" {
		return p.copyLeaf(l, secrets, present, now)
	}
	ca, caErr := parseAuthority(secrets[l.ca], now)
	if caErr != nil {
		if present.require(l.certKey, l.keyKey, l.bundle) != nil {
			return nil, fmt.Errorf("%s cannot sign: %w", l.ca.SecretName(p.Cluster), caErr)
		}
		return Content{
			l.certKey: present[l.certKey], l.keyKey: present[l.keyKey],
			l.bundle: bytes.Clone(presentBundle(nil, secrets[l.ca], present[l.bundle])),
		}, nil
	}
	certPEM, keyPEM, err := sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: l.commonName},
		NotBefore:             now.Add(-Backdate),
		NotAfter:              p.notAfter(ca.cert, now),
		DNSNames:              l.dns,
		IPAddresses:           l.ips,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           l.usages,
		BasicConstraintsValid: true,
	}, &ca.keyPair)
	if err != nil {
		return nil, err
	}
	return Content{l.certKey: certPEM, l.keyKey: keyPEM, l.bundle: bytes.Clone(ca.bundle)}, nil
}

// notAfter ends a leaf no later than its CA: a longer one would be refused
// from that day on while it claims to be valid.
func (p Plan) notAfter(ca *x509.Certificate, now time.Time) time.Time {
	end := now.Add(p.validity())
	if end.After(ca.NotAfter) {
		return ca.NotAfter
	}
	return end
}
