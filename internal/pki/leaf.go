package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"time"
)

// assessLeaf judges one certificate. The checks run from the worst finding to
// the least, so the first that fails is the finding.
func (p Plan) assessLeaf(l leaf, content, caContent Content, ca *authority, now time.Time) Report {
	if content == nil {
		return Report{Finding: Missing, Message: "the Secret does not exist"}
	}
	if err := content.require(l.certKey, l.keyKey, l.bundle); err != nil {
		return Report{Finding: Malformed, Message: err.Error()}
	}
	pair, err := content.pair(l.certKey, l.keyKey)
	if err != nil {
		return Report{Finding: Malformed, Message: err.Error()}
	}
	trusted, err := content.certificates(l.bundle)
	if err != nil {
		return Report{Finding: Malformed, Message: err.Error()}
	}
	r := Report{Finding: Current, NotAfter: pair.cert.NotAfter, RenewAt: p.leafRenewAt(pair.cert, ca)}
	present := presentBundle(ca, caContent, content[l.bundle])
	switch {
	case !p.signedBy(pair.cert, caContent, trusted) && !superseded(pair.cert, caContent):
		r.Finding, r.Message = ForeignIssuer, l.certKey+": was not signed by the CA in "+l.ca.SecretName(p.Cluster)
	case l.mismatch(pair.cert) != "":
		r.Finding, r.Message = WrongNames, l.certKey+": "+l.mismatch(pair.cert)
	case ca != nil && !p.signedBy(pair.cert, caContent, trusted):
		r.Finding, r.Message = Superseded, l.certKey+": was signed by the CA that the one in "+l.ca.SecretName(p.Cluster)+" replaces"
	case !bytes.Equal(content[l.bundle], present):
		r.Finding, r.Message = StaleBundle, l.bundle+": is not the present bundle of "+l.ca.SecretName(p.Cluster)
	case r.Expired(now):
		r.Finding, r.Message = RenewDue, expiredMessage(l.certKey, r.NotAfter)
	case !r.RenewAt.IsZero() && !now.Before(r.RenewAt):
		r.Finding, r.Message = RenewDue, dueMessage(l.certKey, r.NotAfter)
	}
	return r
}

// signedBy checks a leaf against the CA that signs now. When that cannot be
// read, its certificate lost with its key, the bundle beside the leaf stands
// in: a lost CA makes no leaf worse.
func (p Plan) signedBy(cert *x509.Certificate, caContent Content, trusted []*x509.Certificate) bool {
	issuers := trusted
	if signer, err := caContent.certificates(KeyCert); err == nil {
		issuers = signer[:1]
	}
	return slices.ContainsFunc(issuers, func(issuer *x509.Certificate) bool {
		return cert.CheckSignatureFrom(issuer) == nil
	})
}

// superseded reports whether a leaf was signed by a CA that is still trusted, and
// does not sign any more.
func superseded(cert *x509.Certificate, caContent Content) bool {
	trusted, err := caContent.certificates(KeyBundle)
	return err == nil && slices.ContainsFunc(trusted, func(issuer *x509.Certificate) bool {
		return cert.CheckSignatureFrom(issuer) == nil
	})
}

// presentBundle is what is to be trusted beside a leaf: the bundle of its CA. Of
// one that cannot sign it counts where it has all that is trusted already: it is
// being replaced. Otherwise what there is stays.
func presentBundle(ca *authority, caContent Content, have []byte) []byte {
	if ca != nil {
		return ca.bundle
	}
	bundle, err := caContent.certificates(KeyBundle)
	trusted, haveErr := Content{KeyBundle: have}.certificates(KeyBundle)
	if err != nil || haveErr != nil {
		return have
	}
	for _, c := range trusted {
		if !slices.ContainsFunc(bundle, c.Equal) {
			return have
		}
	}
	return caContent[KeyBundle]
}

// mismatch says how a certificate differs from the plan; empty when it does not.
func (l leaf) mismatch(cert *x509.Certificate) string {
	have := slices.Concat(cert.DNSNames, addresses(cert.IPAddresses))
	want := slices.Concat(l.dns, addresses(l.ips))
	slices.Sort(have)
	slices.Sort(want)
	switch {
	case cert.Subject.CommonName != l.commonName:
		return fmt.Sprintf("is for %q, not for %q", cert.Subject.CommonName, l.commonName)
	case !slices.Equal(have, want):
		return fmt.Sprintf("is valid for %q, not for %q", have, want)
	case !slices.Equal(cert.ExtKeyUsage, l.usages):
		return "has other extended key usages than planned"
	}
	return ""
}

func addresses(ips []net.IP) []string {
	var text []string
	for _, ip := range ips {
		text = append(text, ip.String())
	}
	return text
}

// leafRenewAt returns when to renew; zero for never. A leaf that already ends
// with its CA is never due: renewing it would gain nothing and repeat for ever.
func (p Plan) leafRenewAt(cert *x509.Certificate, ca *authority) time.Time {
	if ca != nil && !cert.NotAfter.Before(ca.cert.NotAfter) {
		return time.Time{}
	}
	return renewAt(cert, p.validity(), p.RenewBefore)
}

// renewAt returns when a certificate is due: before its end by renewBefore, or
// at two thirds of its life. A life longer than the one that is planned now
// counts as that one, so a shortened validity takes effect on what exists.
func renewAt(cert *x509.Certificate, validity, renewBefore time.Duration) time.Time {
	life := min(cert.NotAfter.Sub(cert.NotBefore), validity+Backdate)
	if renewBefore <= 0 || renewBefore >= life {
		renewBefore = life / 3
	}
	return cert.NotBefore.Add(life - renewBefore)
}

// earliest returns the first of the times that are not zero.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if first.IsZero() || (!t.IsZero() && t.Before(first)) {
			first = t
		}
	}
	return first
}

// after returns t if it lies after now, else zero.
func after(now, t time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return time.Time{}
}

func expiredMessage(key string, at time.Time) string {
	return key + ": expired at " + at.UTC().Format(time.RFC3339)
}

func dueMessage(key string, at time.Time) string {
	return key + ": is due for renewal, valid until " + at.UTC().Format(time.RFC3339)
}
