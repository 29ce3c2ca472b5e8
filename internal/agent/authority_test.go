package agent

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
)

// TestSharedAuthority: under an authority that signs for others too, a
// certificate of it is not enough for a peer: it must be valid for the members.
// Under our own, which signs nothing else, any is a peer's.
func TestSharedAuthority(t *testing.T) {
	as := newAuthorities(t)
	for _, tc := range []struct {
		name          string
		shared, peer  bool
		wantHandshake bool
	}{
		{"a peer under a shared authority", true, true, true},
		{"another's certificate under a shared authority", true, false, false},
		{"any certificate under our own", false, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPod(t, as, "demo-0")
			p.config.SharedAuthority = tc.shared
			e, err := embedConfig(p.config.withDefaults())
			must(t, err)
			config, err := e.PeerTLSInfo.ServerConfig()
			must(t, err)
			listener, err := tls.Listen("tcp", p.host+":0", config)
			must(t, err)
			t.Cleanup(func() { _ = listener.Close() })
			accepted := make(chan error, 1)
			go func() {
				conn, err := listener.Accept()
				if err == nil {
					err = conn.(*tls.Conn).Handshake()
					_ = conn.Close()
				}
				accepted <- err
			}()
			var ips []net.IP
			if tc.peer {
				ips = append(ips, net.ParseIP(p.host))
			}
			certPEM, keyPEM := as.peer.leaf("somebody", ips...)
			pair, err := tls.X509KeyPair(certPEM, keyPEM)
			must(t, err)
			roots := x509.NewCertPool()
			roots.AddCert(as.peer.cert)
			conn, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}})
			if err == nil {
				_ = conn.Close()
			}
			if err := <-accepted; (err == nil) != tc.wantHandshake {
				t.Errorf("the handshake ended with %v", err)
			}
		})
	}
}
