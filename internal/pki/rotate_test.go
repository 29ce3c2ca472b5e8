package pki_test

import (
	"crypto/tls"
	"maps"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

// turn takes all CAs a stage further and issues what is wanted then, as the
// operator does.
func turn(t *testing.T, p pki.Plan, s secretsMap, from pki.Stage, now time.Time) {
	t.Helper()
	for _, kind := range p.Kinds() {
		if kind.IsCA() {
			s[kind] = must(pki.Turn(p, kind, from, "r1", s, now))(t)
		}
	}
	reissue(t, p, s, now)
}

func reissue(t *testing.T, p pki.Plan, s secretsMap, now time.Time) {
	t.Helper()
	for _, r := range pki.Assess(p, s, now).Reports {
		if !r.Kind.IsCA() && r.Finding != pki.Current {
			if r.Finding == pki.ForeignIssuer || !r.Usable {
				t.Fatalf("%s: %s, usable %t: %s", r.Kind, r.Finding, r.Usable, r.Message)
			}
			s[r.Kind] = issue(t, p, r.Kind, s, now)
		}
	}
}

// at is what a process has: certificates as they are now, and whom it trusted
// when it started.
func at(now, started secretsMap, kind pki.Kind, bundles ...string) pki.Content {
	c := maps.Clone(now[kind])
	for _, b := range bundles {
		c[b] = started[kind][b]
	}
	return c
}

func clone(s secretsMap) secretsMap {
	c := secretsMap{}
	for kind, content := range s {
		c[kind] = maps.Clone(content)
	}
	return c
}

// At each stage those who have loaded it, and those who are one behind, accept
// each other; in the end nobody accepts what the old CA has signed.
func TestRotation(t *testing.T) {
	p := plan()
	s := newPKI(t, p, birth)
	first := clone(s)
	const pod = "demo-0.demo-peers.prod.svc"
	meet := func(servers, clients secretsMap, want bool) {
		t.Helper()
		member, peer := servers[pki.MemberTLS], clients[pki.MemberTLS]
		cert := must(tls.X509KeyPair(peer["peer.crt"], peer["peer.key"]))(t)
		for port, c := range map[string]struct{ server, client *tls.Config }{
			"a user at etcd":                   {server(t, member, "server", "client-ca.crt"), must(pki.UserTLS(clients[pki.ClientTLS]))(t)},
			"the operator at etcd":             {server(t, member, "server", "client-ca.crt"), must(pki.EtcdTLS(clients[pki.OperatorTLS]))(t)},
			"the operator at the control port": {server(t, member, "control", "control-ca.crt"), must(pki.ControlTLS(clients[pki.OperatorTLS]))(t)},
			"a peer at a peer": {server(t, member, "peer", "peer-ca.crt"), &tls.Config{
				RootCAs: pool(t, peer["peer-ca.crt"]), Certificates: []tls.Certificate{cert},
			}},
		} {
			if got := exchange(t, c.server, tlsDialer(c.client, pod)); got != want {
				t.Errorf("%s: accepted %t, want %t", port, got, want)
			}
		}
	}
	before := clone(s)
	for _, from := range []pki.Stage{pki.NotBegun, pki.Announced, pki.Retiring} {
		if got := p.Stage(s, "r1"); got != from {
			t.Fatalf("the stage is %s, want %s", got, from)
		}
		turn(t, p, s, from, birth)
		// Processes take new certificates at once, and new bundles as they restart.
		half := clone(s)
		half[pki.MemberTLS] = at(s, before, pki.MemberTLS, "client-ca.crt", "peer-ca.crt")
		half[pki.ClientTLS] = at(s, before, pki.ClientTLS, "ca.crt")
		for _, servers := range []secretsMap{half, s} {
			for _, clients := range []secretsMap{half, s} {
				meet(servers, clients, true)
			}
		}
		meet(before, s, true) // whose Secret has not arrived yet
		meet(s, before, true)
		before = clone(s)
	}
	if got := p.Stage(s, "r1"); got != pki.Rotated || p.Begun(s) != "" {
		t.Errorf("the stage is %s, begun is %q", got, p.Begun(s))
	}
	if a := pki.Assess(p, s, birth); !a.Current() {
		t.Errorf("not current: %+v", a.Reports)
	}
	meet(s, first, false)
	meet(first, s, false)
	for _, kind := range p.Kinds() {
		if !kind.IsCA() {
			continue
		}
		for from := pki.NotBegun; from <= pki.Rotated; from++ {
			if again := must(pki.Turn(p, kind, from, "r1", s, birth))(t); !maps.EqualFunc(again, s[kind], func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("%s turns once more at %s", kind, from)
			}
		}
	}
}

// A CA whose key is lost, or whose whole Secret is, is replaced the same way: the
// leaves that it has signed stay until the next one signs.
func TestRotationOfALostCA(t *testing.T) {
	p := plan()
	for name, lose := range map[string]func(secretsMap){
		"the key":    func(s secretsMap) { delete(s[pki.ClientCA], "tls.key") },
		"the Secret": func(s secretsMap) { delete(s, pki.ClientCA) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newPKI(t, p, birth)
			lose(s)
			leaf := string(s[pki.MemberTLS]["server.crt"])
			turn(t, p, s, pki.NotBegun, birth)
			if string(s[pki.MemberTLS]["server.crt"]) != leaf {
				t.Error("a leaf was issued by a CA without a key")
			}
			if _, err := pki.UserTLS(s[pki.ClientTLS]); err != nil {
				t.Error(err)
			}
			user := must(pki.UserTLS(s[pki.ClientTLS]))(t)
			if !exchange(t, server(t, s[pki.MemberTLS], "server", "client-ca.crt"), tlsDialer(user, "demo-0.demo-peers.prod.svc")) {
				t.Error("clients and members do not accept each other")
			}
			turn(t, p, s, pki.Announced, birth)
			turn(t, p, s, pki.Retiring, birth)
			if a := pki.Assess(p, s, birth); !a.Current() || p.Stage(s, "r1") != pki.Rotated {
				t.Errorf("in the end: %s, %+v", p.Stage(s, "r1"), a.Reports)
			}
			if string(s[pki.MemberTLS]["server.crt"]) == leaf {
				t.Error("the old leaf is left")
			}
		})
	}
}

// A CA whose next key is lost, or is not the next certificate's, before it has signed
// anything is announced once more; the others wait for it at the stage that they have reached.
func TestNextKeyIsLost(t *testing.T) {
	p := plan()
	for name, key := range map[string][]byte{"missing": nil, "another's": newPKI(t, p, birth)[pki.PeerCA]["tls.key"]} {
		t.Run(name, func(t *testing.T) {
			s := newPKI(t, p, birth)
			turn(t, p, s, pki.NotBegun, birth)
			lost := s[pki.PeerCA]["next.crt"]
			s[pki.PeerCA]["next.key"] = key
			turn(t, p, s, pki.Announced, birth)
			if got := p.Stage(s, "r1"); got != pki.Announced || string(s[pki.PeerCA]["next.crt"]) == string(lost) {
				t.Fatalf("the stage is %s", got)
			}
			turn(t, p, s, pki.Announced, birth)
			turn(t, p, s, pki.Retiring, birth)
			if a := pki.Assess(p, s, birth); !a.Current() || p.Stage(s, "r1") != pki.Rotated {
				t.Errorf("in the end: %s, %+v", p.Stage(s, "r1"), a.Reports)
			}
		})
	}
}

// What a person has asked for is obeyed once, also where a rotation by age follows,
// and where one CA has lost its memory.
func TestObeyed(t *testing.T) {
	p := plan()
	s := newPKI(t, p, birth)
	if p.Obeyed(s, "r1") {
		t.Error("obeyed before it has begun")
	}
	for _, name := range []string{"r1", pki.AgedRotation("r1", birth)} {
		for from := pki.NotBegun; from <= pki.Retiring; from++ {
			for _, kind := range p.Kinds() {
				if kind.IsCA() {
					s[kind] = must(pki.Turn(p, kind, from, name, s, birth))(t)
				}
			}
		}
		if !p.Obeyed(s, "r1") || p.Obeyed(s, "r") || p.Obeyed(s, "r2") {
			t.Errorf("after %q: r1 %t, r %t, r2 %t", name, p.Obeyed(s, "r1"), p.Obeyed(s, "r"), p.Obeyed(s, "r2"))
		}
	}
	delete(s, pki.PeerCA)
	if !p.Obeyed(s, "r1") || p.Begun(s) != "" {
		t.Error("a lost Secret has it begin again")
	}
}

// A step that was cut short is told from one that is done, and from a CA that was
// announced anew: that one's members know nothing of it yet.
func TestLagging(t *testing.T) {
	p := plan()
	s := newPKI(t, p, birth)
	for from := pki.NotBegun; from <= pki.Retiring; from++ {
		if p.Lagging(s, "r1") {
			t.Errorf("lagging before the step from %s", from)
		}
		s[pki.PeerCA] = must(pki.Turn(p, pki.PeerCA, from, "r1", s, birth))(t)
		if !p.Lagging(s, "r1") {
			t.Errorf("the step from %s was cut short, and that is not seen", from)
		}
		turn(t, p, s, from, birth)
	}
	s = newPKI(t, p, birth)
	turn(t, p, s, pki.NotBegun, birth)
	delete(s[pki.PeerCA], "next.key")
	for _, kind := range []pki.Kind{pki.PeerCA, pki.ClientCA, pki.ControlCA} {
		s[kind] = must(pki.Turn(p, kind, pki.Announced, "r1", s, birth))(t)
	}
	if p.Lagging(s, "r1") {
		t.Error("a CA that was announced anew counts as told")
	}
}
