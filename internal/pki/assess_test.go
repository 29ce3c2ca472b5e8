package pki_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

type secretsMap = map[pki.Kind]pki.Content

// Each case breaks one thing in a fresh PKI and names what must be found in
// one Secret; every other Secret is only looked at where the case says so.
func TestFindings(t *testing.T) {
	type want struct {
		kind    pki.Kind
		finding pki.Finding
		usable  bool
		message string
	}
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, p *pki.Plan, s secretsMap)
		at    time.Duration
		want  []want
	}{
		{name: "fresh", want: []want{
			{pki.PeerCA, pki.Current, true, ""}, {pki.MemberTLS, pki.Current, false, ""}, {pki.ClientTLS, pki.Current, false, ""},
		}},
		{
			name:  "a leaf Secret is missing",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { delete(s, pki.ClientTLS) },
			want:  []want{{pki.ClientTLS, pki.Missing, true, "does not exist"}, {pki.MemberTLS, pki.Current, false, ""}},
		},
		{
			name:  "a CA Secret is missing: leaves are as good as before",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { delete(s, pki.PeerCA) },
			want:  []want{{pki.PeerCA, pki.Missing, false, "does not exist"}, {pki.MemberTLS, pki.Current, false, ""}},
		},
		{
			name: "a CA and a leaf Secret are missing: nothing to issue from",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) {
				delete(s, pki.PeerCA)
				delete(s, pki.MemberTLS)
			},
			want: []want{{pki.MemberTLS, pki.Missing, false, "does not exist"}, {pki.OperatorTLS, pki.Current, false, ""}},
		},
		{
			name:  "a CA has lost its key",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { delete(s[pki.ClientCA], "tls.key") },
			want: []want{
				{pki.ClientCA, pki.Malformed, false, "tls.key is missing"},
				{pki.MemberTLS, pki.Current, false, ""}, {pki.ClientTLS, pki.Current, false, ""},
			},
		},
		{
			name: "a CA's key fits another certificate",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				s[pki.PeerCA]["tls.key"] = mint(t, *p, pki.PeerCA, birth)["tls.key"]
			},
			want: []want{{pki.PeerCA, pki.Malformed, false, "private key does not match"}},
		},
		{
			name: "a CA Secret holds a leaf",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) {
				s[pki.PeerCA] = pki.Content{"tls.crt": s[pki.MemberTLS]["peer.crt"], "tls.key": s[pki.MemberTLS]["peer.key"], "ca.crt": s[pki.PeerCA]["ca.crt"]}
			},
			want: []want{{pki.PeerCA, pki.Malformed, false, "is not a CA"}},
		},
		{
			name: "a CA's bundle lacks the CA",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				s[pki.PeerCA]["ca.crt"] = mint(t, *p, pki.PeerCA, birth)["ca.crt"]
			},
			want: []want{{pki.PeerCA, pki.Malformed, false, "does not contain the CA"}},
		},
		{
			name:  "a leaf Secret lacks a key",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { delete(s[pki.MemberTLS], "peer.crt") },
			want:  []want{{pki.MemberTLS, pki.Malformed, true, "the key peer.crt is missing"}},
		},
		{
			name:  "a leaf does not parse",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { s[pki.ClientTLS]["tls.crt"] = []byte("hello") },
			want:  []want{{pki.ClientTLS, pki.Malformed, true, "tls.crt with tls.key"}},
		},
		{
			name: "a leaf's key fits another leaf",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) {
				s[pki.MemberTLS]["peer.key"] = s[pki.MemberTLS]["server.key"]
			},
			want: []want{{pki.MemberTLS, pki.Malformed, true, "private key does not match"}},
		},
		{
			name: "a bundle holds a key",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) {
				s[pki.ClientTLS]["ca.crt"] = s[pki.ClientTLS]["tls.key"]
			},
			want: []want{{pki.ClientTLS, pki.Malformed, true, "ca.crt: holds a PRIVATE KEY"}},
		},
		{
			name: "the CA was replaced",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				s[pki.ClientCA] = mint(t, *p, pki.ClientCA, birth)
			},
			want: []want{
				{pki.ClientCA, pki.Current, true, ""},
				{pki.MemberTLS, pki.ForeignIssuer, true, "server.crt: was not signed by the CA in demo-client-ca"},
				{pki.ClientTLS, pki.ForeignIssuer, true, "tls.crt"},
			},
		},
		{
			name: "the CA was replaced by one without a key",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				s[pki.ClientCA] = mint(t, *p, pki.ClientCA, birth)
				delete(s[pki.ClientCA], "tls.key")
			},
			want: []want{{pki.ClientTLS, pki.ForeignIssuer, false, "tls.crt"}},
		},
		{
			name:  "another domain",
			spoil: func(_ *testing.T, p *pki.Plan, _ secretsMap) { p.Domains = []string{"corp.example"} },
			want:  []want{{pki.MemberTLS, pki.WrongNames, true, "peer.crt"}, {pki.OperatorTLS, pki.Current, false, ""}},
		},
		{
			name: "the Secret of another cluster",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				other := *p
				other.Cluster = "other"
				s[pki.ClientTLS] = issue(t, other, pki.ClientTLS, s, birth)
			},
			want: []want{{pki.ClientTLS, pki.WrongNames, true, `is for "other-client", not for "demo-client"`}},
		},
		{
			name: "a member's certificate in place of the peer's",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) {
				s[pki.MemberTLS]["server.crt"], s[pki.MemberTLS]["server.key"] = s[pki.ClientTLS]["tls.crt"], s[pki.ClientTLS]["tls.key"]
			},
			want: []want{{pki.MemberTLS, pki.WrongNames, true, "server.crt"}},
		},
		{
			name: "the bundle grew",
			spoil: func(t *testing.T, p *pki.Plan, s secretsMap) {
				next := mint(t, *p, pki.ClientCA, birth)
				s[pki.ClientCA]["ca.crt"] = bytes.Join([][]byte{s[pki.ClientCA]["ca.crt"], next["ca.crt"]}, nil)
			},
			want: []want{
				{pki.ClientCA, pki.Current, true, ""},
				{pki.MemberTLS, pki.StaleBundle, true, "client-ca.crt"}, {pki.ClientTLS, pki.StaleBundle, true, "ca.crt"},
			},
		},
		{name: "a second before two thirds", at: 60*day - 101*time.Second, want: []want{{pki.MemberTLS, pki.Current, false, ""}}},
		{name: "two thirds", at: 60*day - 100*time.Second, want: []want{
			{pki.MemberTLS, pki.RenewDue, true, "due for renewal, valid until 2027-02-20T12:00:00Z"},
			{pki.OperatorTLS, pki.RenewDue, true, ""}, {pki.ClientTLS, pki.RenewDue, true, ""}, {pki.PeerCA, pki.Current, true, ""},
		}},
		{name: "expired", at: 91 * day, want: []want{{pki.ClientTLS, pki.RenewDue, true, "expired at 2027-02-20T12:00:00Z"}}},
		{
			name:  "due, and its CA has lost its key",
			spoil: func(_ *testing.T, _ *pki.Plan, s secretsMap) { delete(s[pki.ClientCA], "tls.key") },
			at:    80 * day,
			want: []want{
				{pki.ClientTLS, pki.RenewDue, false, ""},
				{pki.MemberTLS, pki.RenewDue, true, ""}, // peer and control can be renewed
			},
		},
		{
			name:  "renewBefore",
			spoil: func(_ *testing.T, p *pki.Plan, _ secretsMap) { p.RenewBefore = 10 * day },
			at:    80*day - time.Second,
			want:  []want{{pki.MemberTLS, pki.Current, false, ""}},
		},
		{
			name:  "renewBefore reached",
			spoil: func(_ *testing.T, p *pki.Plan, _ secretsMap) { p.RenewBefore = 10 * day },
			at:    80 * day,
			want:  []want{{pki.MemberTLS, pki.RenewDue, true, ""}},
		},
		{
			name:  "renewBefore longer than the life does not renew for ever",
			spoil: func(_ *testing.T, p *pki.Plan, _ secretsMap) { p.RenewBefore = 365 * day },
			want:  []want{{pki.MemberTLS, pki.Current, false, ""}},
		},
		{
			name:  "a shortened validity counts for what exists",
			spoil: func(_ *testing.T, p *pki.Plan, _ secretsMap) { p.Validity = 9 * day },
			at:    7 * day,
			want:  []want{{pki.MemberTLS, pki.RenewDue, true, ""}},
		},
		{name: "the CA itself is due", at: 7 * 365 * day, want: []want{{pki.PeerCA, pki.RenewDue, true, "due for renewal"}}},
		{name: "the CA has expired", at: 11 * 365 * day, want: []want{
			{pki.PeerCA, pki.RenewDue, false, "expired"}, {pki.MemberTLS, pki.RenewDue, false, "expired"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := plan()
			secrets := newPKI(t, p, birth)
			if tc.spoil != nil {
				tc.spoil(t, &p, secrets)
			}
			now := birth.Add(tc.at)
			a := pki.Assess(p, secrets, now)
			for _, w := range tc.want {
				r := a.Of(w.kind)
				if r.Finding != w.finding || r.Usable != w.usable || !strings.Contains(r.Message, w.message) {
					t.Errorf("%s: %s, usable %t, %q; want %s, usable %t, %q",
						w.kind, r.Finding, r.Usable, r.Message, w.finding, w.usable, w.message)
				}
				if (r.Finding == pki.Current) != (r.Message == "") {
					t.Errorf("%s: %s with message %q", w.kind, r.Finding, r.Message)
				}
			}
			issuesExactlyWhatIsUsable(t, p, secrets, a, now)
		})
	}
}

// Usable promises that Issue succeeds, and that one pass leaves nothing that a
// second pass would issue again: otherwise the operator would write for ever.
func issuesExactlyWhatIsUsable(t *testing.T, p pki.Plan, secrets secretsMap, a pki.Assessment, now time.Time) {
	t.Helper()
	for _, r := range a.Reports {
		if r.Kind.IsCA() || !r.Usable {
			continue
		}
		secrets[r.Kind] = issue(t, p, r.Kind, secrets, now)
		if again := pki.Assess(p, secrets, now).Of(r.Kind); again.Usable {
			t.Errorf("%s: %s again after Issue: %s", r.Kind, again.Finding, again.Message)
		}
	}
}

func TestNextCheckAndExpiry(t *testing.T) {
	p := plan()
	secrets := newPKI(t, p, birth)
	a := pki.Assess(p, secrets, birth)
	due := birth.Add(60*day - 100*time.Second)
	if !a.NextCheck.Equal(due) {
		t.Errorf("next check %s, want %s", a.NextCheck, due)
	}
	if want := birth.Add(90 * day); !a.EarliestExpiry.Equal(want) {
		t.Errorf("earliest expiry %s, want %s", a.EarliestExpiry, want)
	}
	// Once due, the next thing to happen by itself is the end.
	if a := pki.Assess(p, secrets, due); !a.NextCheck.Equal(birth.Add(90 * day)) {
		t.Errorf("next check %s, want the end", a.NextCheck)
	}
	if a := pki.Assess(p, nil, birth); !a.NextCheck.IsZero() || !a.EarliestExpiry.IsZero() || len(a.With(pki.Missing)) != 6 {
		t.Errorf("of nothing: %+v", a)
	}
}

func TestCAFingerprint(t *testing.T) {
	p := plan()
	secrets := newPKI(t, p, birth)
	before := pki.Assess(p, secrets, birth).Of(pki.PeerCA).Fingerprint
	delete(secrets[pki.PeerCA], "tls.key")
	if got := pki.Assess(p, secrets, birth).Of(pki.PeerCA).Fingerprint; len(got) != 64 || got != before {
		t.Errorf("fingerprint %q changed with the key's loss, was %q", got, before)
	}
	secrets[pki.PeerCA] = mint(t, p, pki.PeerCA, birth)
	if got := pki.Assess(p, secrets, birth).Of(pki.PeerCA).Fingerprint; got == before {
		t.Error("another CA has the same fingerprint")
	}
}
