package agent

import (
	"fmt"
	"net"
	"net/url"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// embedConfig is etcd's configuration for this member, which only ever
// starts on data that is there. All that is not set here is etcd's default.
func embedConfig(c Config) (*embed.Config, error) {
	e := embed.NewConfig()
	if err := applyOptions(e, c.Options); err != nil {
		return nil, err
	}
	e.Name = string(c.Name)
	e.Dir = layout(c.Dir).etcdDir()
	e.EnableGRPCGateway = false // its loop-back would need a client certificate
	e.StrictReconfigCheck = true
	e.PreVote = true
	e.SocketOpts.ReusePort = true                                // drained clients come back through a second listener
	e.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop()) // while it is checked
	if err := setURLs(e, c); err != nil {
		return nil, err
	}
	setTLS(e, c)
	e.InitialCluster = ""
	e.ClusterState = embed.ClusterStateFlagExisting
	if err := e.Validate(); err != nil {
		return nil, fmt.Errorf("etcd refuses its configuration: %w", err)
	}
	return e, nil
}

// logLevel is what etcd's configuration says of it, once all of that is found good.
func (c Config) logLevel() (zapcore.Level, error) {
	e, err := embedConfig(c)
	if err != nil {
		return 0, err
	}
	return zapcore.ParseLevel(e.LogLevel)
}

// Validate says what is wrong with etcd's settings, as an agent does before it
// starts etcd on any volume. It needs nothing of a pod.
func (c Config) Validate() error {
	_, err := c.withDefaults().logLevel()
	return err
}

func setURLs(e *embed.Config, c Config) error {
	peer, err := url.Parse(c.PeerURL)
	if err != nil {
		return fmt.Errorf("peer URL: %w", err)
	}
	client, err := url.Parse(c.ClientURL)
	if err != nil {
		return fmt.Errorf("client URL: %w", err)
	}
	e.AdvertisePeerUrls, e.AdvertiseClientUrls = []url.URL{*peer}, []url.URL{*client}
	e.ListenPeerUrls = []url.URL{{Scheme: peer.Scheme, Host: c.Listen.address(c.Listen.Peer)}}
	e.ListenClientUrls = []url.URL{{Scheme: client.Scheme, Host: c.Listen.address(c.Listen.Client)}}
	return nil
}

// loopback is where etcd's HTTP endpoints go (/health, /version), which nobody
// needs. With them on the client port gRPC would run inside Go's HTTP server,
// which costs each small request twice the CPU and lets large reads starve
// watches; etcd advises against it.
func loopback() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "::1"
	}
	_ = l.Close()
	return "127.0.0.1"
}

// setTLS names files, which etcd reads again at each handshake. Our own peer CA
// signs nothing but this cluster's peers, so the address from which a peer
// calls proves nothing more: checking it would only cost reverse lookups.
func setTLS(e *embed.Config, c Config) {
	if c.PeerTLS {
		e.PeerTLSInfo = transport.TLSInfo{
			CertFile: c.tlsFile("peer.crt"), KeyFile: c.tlsFile("peer.key"),
			TrustedCAFile: c.tlsFile("peer-ca.crt"), ClientCertAuth: true,
			SkipClientSANVerify: true,
		}
		if c.SharedAuthority {
			// All members show the same certificate: one that is good for us is a peer's.
			e.PeerTLSInfo.AllowedHostname = e.AdvertisePeerUrls[0].Hostname() //nolint:staticcheck // etcd 3.5.0 knows no other
		}
	}
	if c.ClientTLS {
		e.ClientTLSInfo = transport.TLSInfo{
			CertFile: c.tlsFile("server.crt"), KeyFile: c.tlsFile("server.key"),
			TrustedCAFile: c.tlsFile("client-ca.crt"), ClientCertAuth: true,
		}
	}
	e.ListenClientHttpUrls = []url.URL{{Scheme: "http", Host: net.JoinHostPort(loopback(), "0")}}
}
