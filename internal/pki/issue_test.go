package pki_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/pki"
)

// A leaf of which the CA cannot sign keeps its bytes while others are renewed.
func TestIssueKeepsWhatItCannotSign(t *testing.T) {
	p := plan()
	secrets := newPKI(t, p, birth)
	delete(secrets[pki.PeerCA], "tls.key")
	later := birth.Add(70 * day)
	renewed := issue(t, p, pki.MemberTLS, secrets, later)
	for _, key := range []string{"peer.crt", "peer.key", "peer-ca.crt"} {
		if !bytes.Equal(renewed[key], secrets[pki.MemberTLS][key]) {
			t.Errorf("%s changed", key)
		}
	}
	if bytes.Equal(renewed["server.crt"], secrets[pki.MemberTLS]["server.crt"]) {
		t.Error("server.crt was not renewed")
	}
	delete(secrets, pki.MemberTLS)
	if _, err := pki.Issue(p, pki.MemberTLS, secrets, later); err == nil || !strings.Contains(err.Error(), "demo-peer-ca cannot sign") {
		t.Errorf("issued without a CA: %v", err)
	}
}

// In the last months of a CA its leaves end with it, and are not renewed over
// and over for a life that cannot grow.
func TestLeafEndsWithItsCA(t *testing.T) {
	p := plan()
	secrets := newPKI(t, p, birth)
	late := birth.Add(pki.CAValidity - 30*day)
	secrets[pki.ClientTLS] = issue(t, p, pki.ClientTLS, secrets, late)
	if got, want := parse(t, secrets[pki.ClientTLS]["tls.crt"]).NotAfter, birth.Add(pki.CAValidity); !got.Equal(want) {
		t.Errorf("ends %s, want %s", got, want)
	}
	if r := pki.Assess(p, secrets, late.Add(29*day)).Of(pki.ClientTLS); r.Finding != pki.Current {
		t.Errorf("a day before the CA's end: %s", r.Finding)
	}
}
