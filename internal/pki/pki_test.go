package pki_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/pki"
)

var birth = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func plan() pki.Plan {
	return pki.Plan{
		Cluster: "demo", Namespace: "prod",
		PeersService: "demo-peers", ClientService: "demo-client",
		Domains: []string{"cluster.local"},
	}
}

// newPKI mints and issues all Secrets of the plan.
func newPKI(t *testing.T, p pki.Plan, now time.Time) map[pki.Kind]pki.Content {
	t.Helper()
	secrets := map[pki.Kind]pki.Content{}
	for _, kind := range p.Kinds() {
		if kind.IsCA() {
			secrets[kind] = mint(t, p, kind, now)
			continue
		}
		secrets[kind] = issue(t, p, kind, secrets, now)
	}
	return secrets
}

func mint(t *testing.T, p pki.Plan, kind pki.Kind, now time.Time) pki.Content {
	t.Helper()
	content, err := pki.MintCA(p, kind, now)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func issue(t *testing.T, p pki.Plan, kind pki.Kind, secrets map[pki.Kind]pki.Content, now time.Time) pki.Content {
	t.Helper()
	content, err := pki.Issue(p, kind, secrets, now)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestKeysOfSecrets(t *testing.T) {
	tlsKeys := []string{"ca.crt", "tls.crt", "tls.key"}
	control := []string{"control-ca.crt", "control.crt", "control.key"}
	want := map[pki.Kind][]string{
		pki.PeerCA: tlsKeys, pki.ClientCA: tlsKeys, pki.ControlCA: tlsKeys, pki.ClientTLS: tlsKeys,
		pki.MemberTLS: slices.Concat([]string{"client-ca.crt"}, control,
			[]string{"peer-ca.crt", "peer.crt", "peer.key", "server.crt", "server.key"}),
		pki.OperatorTLS: slices.Concat([]string{"client-ca.crt", "client.crt", "client.key"}, control),
	}
	for kind, content := range newPKI(t, plan(), birth) {
		if keys := slices.Sorted(maps.Keys(content)); !slices.Equal(keys, want[kind]) {
			t.Errorf("%s: keys %v, want %v", kind, keys, want[kind])
		}
	}
}

// The control port is mutually authenticated even where nothing else is.
// Who brings a snapshot has a certificate of its own, where one is to be brought.
func TestRestoreHasItsOwnName(t *testing.T) {
	p := plan()
	p.Restores = true
	secrets := newPKI(t, p, birth)
	cert := parse(t, secrets[pki.OperatorTLS]["restore.crt"])
	if cert.Subject.CommonName != control.RestoreCommonName || len(secrets[pki.OperatorTLS]["restore.key"]) == 0 {
		t.Errorf("common name %q", cert.Subject.CommonName)
	}
	if got := newPKI(t, plan(), birth)[pki.OperatorTLS]["restore.crt"]; len(got) > 0 {
		t.Error("there is one where nothing is restored")
	}
}

func TestDisabledKeepsOnlyControl(t *testing.T) {
	p := plan()
	p.Disabled = true
	secrets := newPKI(t, p, birth)
	if kinds := slices.Sorted(maps.Keys(secrets)); !slices.Equal(kinds,
		[]pki.Kind{pki.ControlCA, pki.MemberTLS, pki.OperatorTLS}) {
		t.Errorf("Secrets: %v", kinds)
	}
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.OperatorTLS} {
		keys := slices.Sorted(maps.Keys(secrets[kind]))
		if !slices.Equal(keys, []string{"control-ca.crt", "control.crt", "control.key"}) {
			t.Errorf("%s: keys %v", kind, keys)
		}
	}
	if a := pki.Assess(p, secrets, birth); !a.Current() {
		t.Errorf("not current: %+v", a.Reports)
	}
}

func TestNamesAndLives(t *testing.T) {
	secrets := newPKI(t, plan(), birth)
	members := []string{"*.demo-peers.prod.svc", "*.demo-peers.prod.svc.cluster.local"}
	server := append(slices.Clone(members), "demo-client.prod.svc", "demo-client.prod.svc.cluster.local",
		"demo-client", "demo-client.prod", "localhost")
	for _, tc := range []struct {
		kind     pki.Kind
		key      string
		name     string
		dns, ips []string
		life     time.Duration
	}{
		{pki.PeerCA, "tls.crt", "demo-peer-ca", nil, nil, pki.CAValidity},
		{pki.ClientCA, "tls.crt", "demo-client-ca", nil, nil, pki.CAValidity},
		{pki.ControlCA, "tls.crt", "demo-control-ca", nil, nil, pki.CAValidity},
		{pki.MemberTLS, "peer.crt", "demo-peer", members, nil, 90 * day},
		{pki.MemberTLS, "server.crt", "demo-server", server, []string{"127.0.0.1", "::1"}, 90 * day},
		{pki.MemberTLS, "control.crt", "demo-control", members, nil, 90 * day},
		{pki.OperatorTLS, "client.crt", "root", nil, nil, 90 * day},
		{pki.OperatorTLS, "control.crt", control.OperatorCommonName, nil, nil, 90 * day},
		{pki.ClientTLS, "tls.crt", "demo-client", nil, nil, 90 * day},
	} {
		cert := parse(t, secrets[tc.kind][tc.key])
		if cert.Subject.CommonName != tc.name {
			t.Errorf("%s/%s: common name %q, want %q", tc.kind, tc.key, cert.Subject.CommonName, tc.name)
		}
		if !slices.Equal(cert.DNSNames, tc.dns) {
			t.Errorf("%s/%s: DNS names %q, want %q", tc.kind, tc.key, cert.DNSNames, tc.dns)
		}
		var ips []string
		for _, ip := range cert.IPAddresses {
			ips = append(ips, ip.String())
		}
		if !slices.Equal(ips, tc.ips) {
			t.Errorf("%s/%s: IP addresses %q, want %q", tc.kind, tc.key, ips, tc.ips)
		}
		if want := birth.Add(-5 * time.Minute); !cert.NotBefore.Equal(want) {
			t.Errorf("%s/%s: begins %s, want %s", tc.kind, tc.key, cert.NotBefore, want)
		}
		if want := birth.Add(tc.life); !cert.NotAfter.Equal(want) {
			t.Errorf("%s/%s: ends %s, want %s", tc.kind, tc.key, cert.NotAfter, want)
		}
	}
}

func TestDomainsAreNormalized(t *testing.T) {
	p := plan()
	p.Domains = []string{"Corp.Example.", "", "corp.example", "cluster.local"}
	secrets := newPKI(t, p, birth)
	got := parse(t, secrets[pki.MemberTLS]["peer.crt"]).DNSNames
	want := []string{"*.demo-peers.prod.svc", "*.demo-peers.prod.svc.corp.example", "*.demo-peers.prod.svc.cluster.local"}
	if !slices.Equal(got, want) {
		t.Errorf("DNS names %q, want %q", got, want)
	}
}

func TestSecretNames(t *testing.T) {
	for kind, want := range map[pki.Kind]string{
		pki.PeerCA: "demo-peer-ca", pki.ClientCA: "demo-client-ca", pki.ControlCA: "demo-control-ca",
		pki.MemberTLS: "demo-member-tls", pki.OperatorTLS: "demo-operator-tls", pki.ClientTLS: "demo-client-tls",
	} {
		if got := kind.SecretName("demo"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestMintOnlyCAsIssueOnlyLeaves(t *testing.T) {
	if _, err := pki.MintCA(plan(), pki.MemberTLS, birth); err == nil {
		t.Error("minted a CA into the members' Secret")
	}
	if _, err := pki.Issue(plan(), pki.PeerCA, newPKI(t, plan(), birth), birth); err == nil {
		t.Error("issued a CA")
	}
}
