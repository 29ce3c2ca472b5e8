package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/pki"
)

func parse(t *testing.T, certPEM []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(certPEM)
	if block == nil {
		t.Fatal("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pool(t *testing.T, bundle []byte) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		t.Fatal("no certificate in bundle")
	}
	return roots
}

// server is what a member serves: mutual TLS, as etcd and the agent do it.
func server(t *testing.T, c pki.Content, name, ca string) *tls.Config {
	t.Helper()
	cert, err := tls.X509KeyPair(c[name+".crt"], c[name+".key"])
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: pool(t, c[ca]), Time: func() time.Time { return birth },
	}
}

// question is long enough for a TLS server to see that it is no TLS.
const question = "GET / HTTP/1.1\r\n\r\n"

// exchange sends the question and reads one byte of its echo, over loopback:
// with TLS 1.3 a client learns that it was refused only when it reads.
func exchange(t *testing.T, serverConfig *tls.Config, dial func(net.Conn) net.Conn) (accepted bool) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, serverConfig)
		defer func() { _ = conn.Close() }()
		b := make([]byte, 1)
		if _, err := conn.Read(b); err == nil {
			_, _ = conn.Write(b)
		}
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(raw)
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write([]byte(question)); err != nil {
		return false
	}
	answer := make([]byte, 1)
	n, err := conn.Read(answer)
	return err == nil && n == 1 && answer[0] == question[0]
}

func tlsDialer(config *tls.Config, serverName string) func(net.Conn) net.Conn {
	config = config.Clone()
	config.ServerName = serverName
	config.Time = func() time.Time { return birth }
	return func(raw net.Conn) net.Conn { return tls.Client(raw, config) }
}

func TestHandshakes(t *testing.T) {
	p := plan()
	ours, theirs := newPKI(t, p, birth), newPKI(t, p, birth)
	member := ours[pki.MemberTLS]
	client := must(pki.EtcdTLS(ours[pki.OperatorTLS]))(t)
	control := must(pki.ControlTLS(ours[pki.OperatorTLS]))(t)
	user := must(pki.UserTLS(ours[pki.ClientTLS]))(t)
	stranger := must(pki.UserTLS(theirs[pki.ClientTLS]))(t)
	stranger.RootCAs = user.RootCAs // trusts our server, holds another CA's certificate
	anonymous := &tls.Config{RootCAs: user.RootCAs}
	asClient := func(name, ca string) *tls.Config { // a member's own certificate in a client's hand
		cert := must(tls.X509KeyPair(member[name+".crt"], member[name+".key"]))(t)
		return &tls.Config{RootCAs: pool(t, member[ca]), Certificates: []tls.Certificate{cert}}
	}
	etcdPort := server(t, member, "server", "client-ca.crt")
	peerPort := server(t, member, "peer", "peer-ca.crt")
	controlPort := server(t, member, "control", "control-ca.crt")
	const pod = "demo-0.demo-peers.prod.svc"

	for _, tc := range []struct {
		name   string
		server *tls.Config
		dial   func(net.Conn) net.Conn
		want   bool
	}{
		{"operator at a member", etcdPort, tlsDialer(client, pod), true},
		{"operator at a member by domain", etcdPort, tlsDialer(client, pod+".cluster.local"), true},
		{"user at the Service", etcdPort, tlsDialer(user, "demo-client"), true},
		{"user through a port-forward", etcdPort, tlsDialer(user, "127.0.0.1"), true},
		{"user through a port-forward over IPv6", etcdPort, tlsDialer(user, "::1"), true},
		{"user at another cluster's name", etcdPort, tlsDialer(user, "other-client"), false},
		{"plaintext", etcdPort, func(raw net.Conn) net.Conn { return raw }, false},
		{"no client certificate", etcdPort, tlsDialer(anonymous, "demo-client"), false},
		{"client certificate of another CA", etcdPort, tlsDialer(stranger, "demo-client"), false},
		{"a server's certificate is no client's", etcdPort, tlsDialer(asClient("server", "client-ca.crt"), pod), false},
		{"a user's certificate is no server's", userAsServer(t, ours), tlsDialer(user, "demo-client"), false},
		{"peer at a peer", peerPort, tlsDialer(asClient("peer", "peer-ca.crt"), pod), true},
		{"user at a peer", peerPort, tlsDialer(withRoots(user, pool(t, member["peer-ca.crt"])), pod), false},
		{"operator at the control port", controlPort, tlsDialer(control, pod), true},
		{"member at the control port", controlPort, tlsDialer(asClient("control", "control-ca.crt"), pod), false},
		{"user at the control port", controlPort, tlsDialer(withRoots(user, pool(t, member["control-ca.crt"])), pod), false},
		{"operator's etcd identity at the control port", controlPort, tlsDialer(withRoots(client, control.RootCAs), pod), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := exchange(t, tc.server, tc.dial); got != tc.want {
				t.Errorf("accepted: %t, want %t", got, tc.want)
			}
		})
	}
}

// Renewed certificates and old ones accept each other: members reload theirs
// at different times.
func TestRenewedAndOldTrustEachOther(t *testing.T) {
	p := plan()
	secrets := newPKI(t, p, birth.Add(-60*day))
	old := secrets[pki.OperatorTLS]
	member := issue(t, p, pki.MemberTLS, secrets, birth)
	config := must(pki.EtcdTLS(old))(t)
	if !exchange(t, server(t, member, "server", "client-ca.crt"), tlsDialer(config, "demo-1.demo-peers.prod.svc")) {
		t.Error("the old client certificate was refused by a renewed member")
	}
}

func TestClientConfigsSayWhatIsWrong(t *testing.T) {
	c := newPKI(t, plan(), birth)[pki.OperatorTLS]
	for _, spoil := range []func(pki.Content){
		func(c pki.Content) { delete(c, "client.key") },
		func(c pki.Content) { c["client.key"] = c["control.key"] },
		func(c pki.Content) { c["client-ca.crt"] = []byte("none") },
	} {
		broken := pki.Content{}
		for k, v := range c {
			broken[k] = v
		}
		spoil(broken)
		if _, err := pki.EtcdTLS(broken); err == nil {
			t.Error("no error")
		}
		if _, err := pki.ControlTLS(broken); err != nil {
			t.Errorf("the control identity is whole, yet: %v", err)
		}
	}
}

func TestMinimumVersions(t *testing.T) {
	secrets := newPKI(t, plan(), birth)
	if got := must(pki.EtcdTLS(secrets[pki.OperatorTLS]))(t).MinVersion; got != tls.VersionTLS12 {
		t.Errorf("etcd: %x", got)
	}
	if got := must(pki.ControlTLS(secrets[pki.OperatorTLS]))(t).MinVersion; got != tls.VersionTLS13 {
		t.Errorf("control: %x", got)
	}
}

func userAsServer(t *testing.T, secrets secretsMap) *tls.Config {
	user := secrets[pki.ClientTLS]
	return server(t, pki.Content{"user.crt": user["tls.crt"], "user.key": user["tls.key"], "ca.crt": user["ca.crt"]}, "user", "ca.crt")
}

func withRoots(config *tls.Config, roots *x509.CertPool) *tls.Config {
	config = config.Clone()
	config.RootCAs = roots
	return config
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
