package pki_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

// elsewhere is a plan whose certificates come from Secrets of these names.
func elsewhere() pki.Plan {
	p := plan()
	p.Members = 3
	p.Sources = pki.Sources{pki.PeerSource: "my-peer", pki.ServerSource: "my-server", pki.ClientSource: "my-client"}
	return p
}

// issuer is somebody else's PKI: what it makes is what a person or
// cert-manager would put into the sources.
type issuer struct {
	plan    pki.Plan
	secrets secretsMap
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	return issuer{plan(), newPKI(t, plan(), birth)}
}

// fill puts into the sources what the issuer makes now.
func (i issuer) fill(t *testing.T, into secretsMap, now time.Time) {
	t.Helper()
	made := maps.Clone(i.secrets)
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.OperatorTLS} {
		content, err := pki.Issue(i.plan, kind, made, now)
		if err != nil {
			t.Fatal(err)
		}
		made[kind] = content
	}
	source := func(c pki.Content, cert, ca string) pki.Content {
		return pki.Content{"tls.crt": c[cert+".crt"], "tls.key": c[cert+".key"], "ca.crt": c[ca]}
	}
	into[pki.PeerSource] = source(made[pki.MemberTLS], "peer", "peer-ca.crt")
	into[pki.ServerSource] = source(made[pki.MemberTLS], "server", "client-ca.crt")
	into[pki.ClientSource] = source(made[pki.OperatorTLS], "client", "client-ca.crt")
}

// served is a cluster that runs with certificates from elsewhere.
func served(t *testing.T) (pki.Plan, issuer, secretsMap) {
	t.Helper()
	p, i, s := elsewhere(), newIssuer(t), secretsMap{}
	i.fill(t, s, birth)
	s[pki.ControlCA] = i.secrets[pki.ControlCA]
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.OperatorTLS} {
		s[kind] = issue(t, p, kind, s, birth)
	}
	p.Bound = true
	return p, i, s
}

func TestCertificatesFromElsewhere(t *testing.T) {
	p, _, s := served(t)
	if want := []pki.Kind{pki.ControlCA, pki.MemberTLS, pki.OperatorTLS}; !slices.Equal(p.Kinds(), want) {
		t.Errorf("Quorate's own Secrets are %v, want %v", p.Kinds(), want)
	}
	if a := pki.Assess(p, s, birth); !a.Current() {
		t.Errorf("assessed as %+v", a)
	}
	member, operator := s[pki.MemberTLS], s[pki.OperatorTLS]
	for _, same := range [][2][]byte{
		{member["peer.crt"], s[pki.PeerSource]["tls.crt"]}, {member["peer.key"], s[pki.PeerSource]["tls.key"]},
		{member["server.crt"], s[pki.ServerSource]["tls.crt"]}, {member["client-ca.crt"], s[pki.ClientSource]["ca.crt"]},
		{operator["client.crt"], s[pki.ClientSource]["tls.crt"]}, {operator["client-ca.crt"], s[pki.ServerSource]["ca.crt"]},
	} {
		if !bytes.Equal(same[0], same[1]) {
			t.Error("something was not copied as it is")
		}
	}
	if len(member["control.crt"]) == 0 || bytes.Equal(member["control.crt"], member["server.crt"]) {
		t.Error("the control port has no certificate of its own")
	}
}

// What is wrong with a source is found, named by its key, and changes nothing
// that members have.
func TestBadSources(t *testing.T) {
	later := birth.Add(time.Hour)
	for name, tc := range map[string]struct {
		spoil   func(t *testing.T, i issuer, s secretsMap)
		kind    pki.Kind
		finding pki.Finding
		message string
	}{
		"no Secret": {
			func(_ *testing.T, _ issuer, s secretsMap) { delete(s, pki.PeerSource) },
			pki.PeerSource, pki.Missing, "does not exist",
		},
		"no key": {
			func(_ *testing.T, _ issuer, s secretsMap) { delete(s[pki.ServerSource], "tls.key") },
			pki.ServerSource, pki.Malformed, "tls.key is missing",
		},
		"no authority": {
			func(_ *testing.T, _ issuer, s secretsMap) { delete(s[pki.ClientSource], "ca.crt") },
			pki.ClientSource, pki.Malformed, "ca.crt is missing",
		},
		"no certificate": {
			func(_ *testing.T, _ issuer, s secretsMap) { s[pki.PeerSource]["tls.crt"] = []byte("x") },
			pki.PeerSource, pki.Malformed, "tls.crt: holds no certificate",
		},
		"another's key": {
			func(_ *testing.T, _ issuer, s secretsMap) {
				s[pki.PeerSource]["tls.key"] = s[pki.ServerSource]["tls.key"]
			},
			pki.PeerSource, pki.Malformed, "tls.key: is not the private key",
		},
		"another's authority": {
			func(t *testing.T, _ issuer, s secretsMap) {
				s[pki.PeerSource]["ca.crt"] = newIssuer(t).secrets[pki.PeerCA]["tls.crt"]
			},
			pki.PeerSource, pki.ForeignIssuer, "tls.crt: was not signed by an authority in ca.crt",
		},
		"other names": {
			func(t *testing.T, i issuer, s secretsMap) {
				i.plan.PeersService = "other-peers"
				i.fill(t, s, later)
			},
			pki.PeerSource, pki.WrongNames, "tls.crt: is not valid for demo-0.demo-peers.prod.svc, demo-1.",
		},
		"no name of the Service": {
			func(t *testing.T, i issuer, s secretsMap) {
				i.plan.ClientService = "other-client"
				i.fill(t, s, later)
			},
			pki.ServerSource, pki.WrongNames, "tls.crt: is not valid for demo-client.prod.svc",
		},
		"no client usage": {
			func(_ *testing.T, _ issuer, s secretsMap) { s[pki.ClientSource] = s[pki.ServerSource] },
			pki.ClientSource, pki.WrongNames, "lacks the extended key usage client auth",
		},
		"expired": {
			func(t *testing.T, i issuer, s secretsMap) {
				i.plan.Validity = time.Minute
				i.fill(t, s, birth)
			},
			pki.ServerSource, pki.RenewDue, "tls.crt: expired at",
		},
		"not yet valid": {
			func(t *testing.T, i issuer, s secretsMap) { i.fill(t, s, later.Add(time.Hour)) },
			pki.ServerSource, pki.RenewDue, "tls.crt: is not valid before",
		},
		"a new authority": {
			func(t *testing.T, _ issuer, s secretsMap) { newIssuer(t).fill(t, s, birth) },
			pki.PeerSource, pki.AuthorityChanged, "authority that members have loaded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, i, s := served(t)
			before := maps.Clone(s[pki.MemberTLS])
			tc.spoil(t, i, s)
			a := pki.Assess(p, s, later)
			got := a.Of(tc.kind)
			if got.Finding != tc.finding || !strings.Contains(got.Message, tc.message) {
				t.Errorf("found %s %q, want %s %q", got.Finding, got.Message, tc.finding, tc.message)
			}
			if strings.Contains(got.Message, "PRIVATE KEY-") {
				t.Error("the message quotes a key")
			}
			s[pki.MemberTLS] = issue(t, p, pki.MemberTLS, s, later)
			cert, bundle := map[pki.Kind]string{pki.PeerSource: "peer.crt", pki.ServerSource: "server.crt"}[tc.kind],
				map[pki.Kind]string{pki.PeerSource: "peer-ca.crt", pki.ClientSource: "client-ca.crt"}[tc.kind]
			for _, key := range []string{cert, bundle} {
				if key != "" && !bytes.Equal(before[key], s[pki.MemberTLS][key]) {
					t.Errorf("%s was not left alone", key)
				}
			}
		})
	}
}

// A renewed leaf of the same authority is taken over; nothing else is touched.
func TestSourceIsFollowed(t *testing.T) {
	p, i, s := served(t)
	later := birth.Add(time.Hour)
	i.fill(t, s, later)
	if r := pki.Assess(p, s, later).Of(pki.MemberTLS); r.Finding != pki.StaleBundle || !r.Usable || !strings.Contains(r.Message, "peer.crt: is another one in Secret my-peer") {
		t.Errorf("the renewal was found as %+v", r)
	}
	control := s[pki.MemberTLS]["control-ca.crt"]
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.OperatorTLS} {
		s[kind] = issue(t, p, kind, s, later)
	}
	if a := pki.Assess(p, s, later); !a.Current() {
		t.Errorf("after the copy: %+v", a)
	}
	if !bytes.Equal(s[pki.MemberTLS]["peer.crt"], s[pki.PeerSource]["tls.crt"]) || !bytes.Equal(control, s[pki.MemberTLS]["control-ca.crt"]) {
		t.Error("the renewal was not taken over as it is")
	}
}

// A bundle with one more authority is adopted; a leaf of the new one is not, as
// members that run have loaded the old bundle; nor is a bundle without the old.
func TestAuthorityOfSourceIsKept(t *testing.T) {
	p, old, s := served(t)
	next := newIssuer(t)
	later := birth.Add(time.Hour)
	both := slices.Concat(old.secrets[pki.PeerCA]["tls.crt"], next.secrets[pki.PeerCA]["tls.crt"])
	s[pki.PeerSource]["ca.crt"] = both
	if a := pki.Assess(p, s, later); a.Of(pki.PeerSource).Finding != pki.Current || a.Of(pki.MemberTLS).Finding != pki.StaleBundle {
		t.Fatalf("a larger bundle: %+v", a)
	}
	s[pki.MemberTLS] = issue(t, p, pki.MemberTLS, s, later)
	if !bytes.Equal(s[pki.MemberTLS]["peer-ca.crt"], both) {
		t.Error("the larger bundle was not adopted")
	}

	s[pki.PeerSource]["ca.crt"] = next.secrets[pki.PeerCA]["tls.crt"]
	if r := pki.Assess(p, s, later).Of(pki.PeerSource); r.Finding != pki.ForeignIssuer {
		t.Errorf("a bundle without the old authority: %+v", r)
	}

	next.fill(t, s, later)
	s[pki.PeerSource]["ca.crt"] = both
	if r := pki.Assess(p, s, later).Of(pki.PeerSource); r.Finding != pki.AuthorityChanged {
		t.Errorf("a leaf of the new authority: %+v", r)
	}
	free := p
	free.Bound = false
	if r := pki.Assess(free, s, later).Of(pki.PeerSource); r.Finding != pki.Current {
		t.Errorf("while nobody runs: %+v", r)
	}
}

// One Secret that is wrong keeps nothing else from being renewed.
func TestSourcesAreIndependent(t *testing.T) {
	p, i, s := served(t)
	later := birth.Add(time.Hour)
	i.fill(t, s, later)
	delete(s, pki.ClientSource)
	bundle := s[pki.MemberTLS]["client-ca.crt"]
	s[pki.MemberTLS] = issue(t, p, pki.MemberTLS, s, later)
	if !bytes.Equal(s[pki.MemberTLS]["server.crt"], s[pki.ServerSource]["tls.crt"]) || !bytes.Equal(s[pki.MemberTLS]["client-ca.crt"], bundle) {
		t.Error("the server's certificate waits for the client's Secret")
	}
}

// Without sources there is nothing to mount, and nothing is made up.
func TestNothingToCopy(t *testing.T) {
	p, i, s := elsewhere(), newIssuer(t), secretsMap{}
	s[pki.ControlCA] = i.secrets[pki.ControlCA]
	a := pki.Assess(p, s, birth)
	if r := a.Of(pki.MemberTLS); r.Finding != pki.Missing || r.Usable {
		t.Errorf("the members' Secret: %+v", r)
	}
	if _, err := pki.Issue(p, pki.MemberTLS, s, birth); err == nil || !strings.Contains(err.Error(), "my-peer") {
		t.Errorf("issued from nothing: %v", err)
	}
}

// A certificate that lists its members has to list the coming ones too.
func TestMembersThatACertificateDoesNotName(t *testing.T) {
	p, _, s := served(t)
	p.Members = 5
	if r := pki.Assess(p, s, birth).Of(pki.PeerSource); r.Finding != pki.Current {
		t.Errorf("a wildcard covers all, but: %+v", r)
	}
}
