package pki

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Certificates of clients and peers may come from elsewhere: then Quorate reads
// them from these Secrets and copies them to where members and operator look for
// them. The control port's are always Quorate's own.
const (
	PeerSource   Kind = "peer-cert"
	ServerSource Kind = "server-cert"
	ClientSource Kind = "operator-cert"
)

// Sources are the names of the Secrets that certificates are read from, by
// kind; nil when Quorate makes all of them itself.
type Sources map[Kind]string

// Kinds returns the kinds of Secrets that are read, in a fixed order.
func (s Sources) Kinds() []Kind {
	return slices.DeleteFunc([]Kind{PeerSource, ServerSource, ClientSource}, func(k Kind) bool { return s[k] == "" })
}

// fromElsewhere ties a leaf to the Secrets that it is copied from. What
// members trust of clients stands in the client's Secret, and the other way
// round: the two need not have one authority.
func (l leaf) fromElsewhere() leaf {
	switch l.certKey {
	case "peer.crt":
		l.source, l.trust = PeerSource, PeerSource
	case "server.crt":
		l.source, l.trust = ServerSource, ClientSource
	case "client.crt":
		l.source, l.trust = ClientSource, ServerSource
	}
	return l
}

// Wants is what a source's certificate must be good for.
type Wants struct {
	CommonName string
	DNS        []string
	IPs        []string
	Usages     []x509.ExtKeyUsage
}

// Wants returns what to ask an issuer for.
func (p Plan) Wants(kind Kind) Wants {
	l := p.sourceLeaf(kind)
	return Wants{CommonName: l.commonName, DNS: l.dns, IPs: addresses(l.ips), Usages: l.usages}
}

// UserWants returns what to ask an issuer for, for a client that is a user.
func (p Plan) UserWants() Wants {
	return Wants{CommonName: p.Cluster + "-client", Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

func (p Plan) sourceLeaf(kind Kind) leaf {
	switch kind {
	case PeerSource:
		return p.peerLeaf()
	case ServerSource:
		return p.serverLeaf()
	default:
		return clientLeaf(ClientCA, rootCommonName, "client-ca.crt", "client.crt", "client.key")
	}
}

// hosts are the names that a source's certificate must be valid for: those
// without a cluster domain, by which members, operator and clients call.
func (p Plan) hosts(kind Kind) []string {
	if kind == ClientSource {
		return nil
	}
	var hosts []string
	for i := range p.Members {
		hosts = append(hosts, fmt.Sprintf("%s-%d.%s.%s.svc", p.Cluster, i, p.PeersService, p.Namespace))
	}
	if kind == ServerSource {
		hosts = append(hosts, p.ClientService+"."+p.Namespace+".svc")
	}
	return hosts
}

// assessSource judges a Secret that somebody else fills. What is found names
// the key; the worst comes first.
func (p Plan) assessSource(kind Kind, content Content, now time.Time) Report {
	r := Report{Kind: kind, Finding: Current}
	if content == nil {
		r.Finding, r.Message = Missing, "it does not exist"
		return r
	}
	chain, trusted, err := content.chain()
	if err != nil {
		r.Finding, r.Message = Malformed, err.Error()
		return r
	}
	leaf := chain[0]
	r.NotAfter = leaf.NotAfter
	switch {
	case now.After(leaf.NotAfter):
		r.Finding, r.Message = RenewDue, expiredMessage(KeyCert, leaf.NotAfter)
	case now.Before(leaf.NotBefore):
		r.Finding, r.Message = RenewDue, KeyCert+": is not valid before "+leaf.NotBefore.UTC().Format(time.RFC3339)
	default:
		r.Finding, r.Message = p.judge(kind, chain, trusted, now)
	}
	return r
}

func (p Plan) judge(kind Kind, chain, trusted []*x509.Certificate, now time.Time) (Finding, string) {
	if err := verify(chain, trusted, now, x509.ExtKeyUsageAny); err != nil {
		if expired := slices.IndexFunc(trusted, func(c *x509.Certificate) bool { return now.After(c.NotAfter) }); expired >= 0 {
			return RenewDue, expiredMessage(KeyBundle, trusted[expired].NotAfter)
		}
		return ForeignIssuer, fmt.Sprintf("%s: was not signed by an authority in %s", KeyCert, KeyBundle)
	}
	var missing []string
	for _, host := range p.hosts(kind) {
		if chain[0].VerifyHostname(host) != nil {
			missing = append(missing, host)
		}
	}
	if len(missing) > 0 {
		return WrongNames, fmt.Sprintf("%s: is not valid for %s", KeyCert, strings.Join(missing, ", "))
	}
	for _, usage := range p.sourceLeaf(kind).usages {
		if verify(chain, trusted, now, usage) != nil {
			return WrongNames, fmt.Sprintf("%s: lacks the extended key usage %s", KeyCert, usageName(usage))
		}
	}
	return Current, ""
}

func usageName(usage x509.ExtKeyUsage) string {
	if usage == x509.ExtKeyUsageClientAuth {
		return "client auth"
	}
	return "server auth"
}

// chain reads a source: its certificate with what follows it in tls.crt, and
// the authorities in ca.crt.
func (c Content) chain() (chain, trusted []*x509.Certificate, err error) {
	if err := c.require(KeyCert, KeyKey, KeyBundle); err != nil {
		return nil, nil, err
	}
	if chain, err = c.certificates(KeyCert); err != nil {
		return nil, nil, err
	}
	if trusted, err = c.certificates(KeyBundle); err != nil {
		return nil, nil, err
	}
	if _, err := tls.X509KeyPair(c[KeyCert], c[KeyKey]); err != nil {
		// The parser's own words could quote what it was given.
		return nil, nil, errors.New(KeyKey + ": is not the private key of the certificate in " + KeyCert)
	}
	return chain, trusted, nil
}

// verify checks a chain as Go's TLS does.
func verify(chain, trusted []*x509.Certificate, at time.Time, usage x509.ExtKeyUsage) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range trusted {
		roots.AddCert(c)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return err
}

// assessCopy judges what members or operator have been given of a source.
func (p Plan) assessCopy(l leaf, present Content, secrets map[Kind]Content, now time.Time) Report {
	r := Report{Finding: Current}
	part := Content{KeyCert: present[l.certKey], KeyKey: present[l.keyKey], KeyBundle: present[l.bundle]}
	if chain, _, err := part.chain(); err == nil {
		r.NotAfter = chain[0].NotAfter
	}
	fresh, err := p.copyLeaf(l, secrets, present, now)
	r.Usable = err == nil
	switch {
	case present == nil:
		r.Finding, r.Message = Missing, "the Secret does not exist"
	case err != nil:
		r.Finding, r.Message = Malformed, err.Error()
	case !bytes.Equal(fresh[l.certKey], part[KeyCert]), !bytes.Equal(fresh[l.keyKey], part[KeyKey]):
		r.Finding, r.Message = StaleBundle, l.certKey+": is another one in Secret "+p.Sources[l.source]
	case !bytes.Equal(fresh[l.bundle], part[KeyBundle]):
		r.Finding, r.Message = StaleBundle, l.bundle+": is another one in Secret "+p.Sources[l.trust]
	default:
		r.Usable = false
	}
	return r
}

// copyLeaf takes a leaf from its sources. Of one that is not in order, or rests
// on another authority than members trust, what there is stays as it is; an
// error when there is nothing.
func (p Plan) copyLeaf(l leaf, secrets map[Kind]Content, present Content, now time.Time) (Content, error) {
	copied := Content{l.certKey: present[l.certKey], l.keyKey: present[l.keyKey], l.bundle: present[l.bundle]}
	from, trust := p.source(l.source, secrets, now), p.source(l.trust, secrets, now)
	if from.Finding == Current {
		copied[l.certKey], copied[l.keyKey] = bytes.Clone(secrets[l.source][KeyCert]), bytes.Clone(secrets[l.source][KeyKey])
	}
	if trust.Finding == Current {
		copied[l.bundle] = bytes.Clone(secrets[l.trust][KeyBundle])
	}
	switch {
	case copied.require(l.certKey, l.keyKey) != nil:
		return nil, fmt.Errorf("secret %s: %s", p.Sources[l.source], from.Message)
	case copied.require(l.bundle) != nil:
		return nil, fmt.Errorf("secret %s: %s", p.Sources[l.trust], trust.Message)
	}
	return copied, nil
}

// source is the report on one source, what is in use considered.
func (p Plan) source(kind Kind, secrets map[Kind]Content, now time.Time) Report {
	r := p.assessSource(kind, secrets[kind], now)
	if r.Finding == Current && p.Bound && !p.sameAuthority(kind, secrets) {
		r.Finding = AuthorityChanged
		r.Message = fmt.Sprintf("%s: is not from the authority that members have loaded, or %s does not contain that one any more", KeyCert, KeyBundle)
	}
	return r
}
