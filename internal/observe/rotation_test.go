package observe

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

// Which rotation is to go on, or to begin.
func TestRotationName(t *testing.T) {
	t.Parallel()
	p := pki.Plan{Cluster: "demo"}
	due := pki.Assessment{Reports: []pki.Report{{Kind: pki.PeerCA, Finding: pki.RenewDue, NotAfter: now}}}
	leafDue := pki.Assessment{Reports: []pki.Report{{Kind: pki.MemberTLS, Finding: pki.RenewDue, NotAfter: now}}}
	ca := func(rotation string, next bool) map[pki.Kind]pki.Content {
		authority, err := pki.MintCA(p, pki.PeerCA, now)
		if err != nil {
			t.Fatal(err)
		}
		authority[pki.KeyRotation] = []byte(rotation)
		if next {
			authority[pki.KeyNextCert] = authority[pki.KeyCert]
		}
		return map[pki.Kind]pki.Content{pki.PeerCA: authority}
	}
	for _, c := range []struct {
		name    string
		secrets map[pki.Kind]pki.Content
		asked   string
		found   pki.Assessment
		want    string
	}{
		{"nothing is asked for", ca("", false), "", leafDue, ""},
		{"a person asks", ca("", false), "leaked", pki.Assessment{}, "leaked"},
		{"what was begun goes on", ca("first", true), "second", due, "first"},
		{"and without the annotation", ca("first", true), "", pki.Assessment{}, "first"},
		{"an annotation that stays is obeyed once", ca("leaked", false), "leaked", pki.Assessment{}, ""},
		{"and hides no age", ca("leaked", false), "leaked", due, "leaked before 2026-01-01"},
		{"which does not make it asked for again", ca("leaked before 2026-01-01", false), "leaked", pki.Assessment{}, ""},
		{"an authority becomes old", ca("", false), "", due, " before 2026-01-01"},
		{"another word", ca("leaked", false), "again", pki.Assessment{}, "again"},
	} {
		if got := rotationName(&Sight{PKI: p, Secrets: c.secrets}, c.asked, c.found); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// How far a change of whom to trust has come to a member, by its agent's word.
func TestTrusts(t *testing.T) {
	t.Parallel()
	secret := pki.Content{"peer-ca.crt": []byte("p"), "client-ca.crt": []byte("c"), "control-ca.crt": []byte("o"), "peer.crt": []byte("1")}
	etcd := control.TrustDigest([]byte("p"), []byte("c"))
	current := control.Trust{
		OnDisk: etcd, Loaded: etcd, Control: control.TrustDigest([]byte("o")), Leaves: control.TrustDigest([]byte("1"), nil, nil),
	}
	with := func(change func(*control.Trust)) *control.Trust {
		trust := current
		change(&trust)
		return &trust
	}
	for name, c := range map[string]struct {
		told  *control.Trust
		want  plan.Trust
		stale bool
	}{
		"an older agent":             {nil, "", false},
		"all is there":               {&current, plan.TrustLoaded, false},
		"etcd has not read it":       {with(func(t *control.Trust) { t.Loaded = "old" }), plan.TrustOnDisk, true},
		"the node has not brought":   {with(func(t *control.Trust) { t.OnDisk, t.Loaded = "old", "old" }), plan.TrustAwaited, false},
		"nor the control port's":     {with(func(t *control.Trust) { t.Control = "old" }), plan.TrustAwaited, false},
		"nor the new certificates":   {with(func(t *control.Trust) { t.Leaves = "old" }), plan.TrustAwaited, false},
		"it does not run: reads all": {with(func(t *control.Trust) { t.Loaded = "" }), plan.TrustLoaded, false},
	} {
		s := &Sight{Secrets: map[pki.Kind]pki.Content{pki.MemberTLS: secret}}
		s.Observation.Members = []plan.Member{{Name: "demo-0", Agent: &control.Report{Trust: c.told}}, {Name: "demo-1"}}
		s.trusts()
		m := s.Observation.Members[0]
		if m.Trust != c.want || (m.Stale != "") != c.stale || s.Observation.Certificates.Trust != etcd || s.Observation.Members[1].Trust != "" {
			t.Errorf("%s: %q, stale %q", name, m.Trust, m.Stale)
		}
	}
}

// A stage lasts as long as clients have: the observer says until when, and looks again then.
func TestUntil(t *testing.T) {
	t.Parallel()
	p := pki.Plan{Cluster: "demo"}
	secrets := map[pki.Kind]pki.Content{}
	for _, kind := range p.Kinds() {
		if !kind.IsCA() {
			continue
		}
		authority, err := pki.MintCA(p, kind, now)
		if err == nil {
			secrets[kind] = authority
			secrets[kind], err = pki.Turn(p, kind, pki.NotBegun, "r1", secrets, now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for after, until := range map[time.Duration]string{23 * time.Hour: "2026-01-02T12:00:00Z", 25 * time.Hour: ""} {
		o, s := &Observer{Now: func() time.Time { return now.Add(after) }}, &Sight{PKI: p, Secrets: secrets}
		o.rotation(cluster(), s, pki.Assessment{})
		r := s.Observation.Certificates.Rotation
		if r == nil || r.Stage != plan.RotationAnnounced || r.Until != until || s.NextCheck.IsZero() != (until == "") {
			t.Errorf("after %s: %+v, next %s", after, r, s.NextCheck)
		}
	}
}
