package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// clients is the client port of one etcd. Etcd opens it; but only a gRPC server
// that ends gracefully tells its clients to connect anew (GOAWAY), and a server
// that has ended serves no more. So from then on another one serves, in all
// that matters like etcd's own.
type clients struct {
	config *embed.Config
	failed chan error // the port of our own server

	mu         sync.Mutex
	serving    *grpc.Server
	endStreams context.CancelFunc // of the server that serves
	own        bool               // it is ours, not etcd's
	withdrawal string
}

// newClients makes etcd hand over its gRPC server once that is there.
func newClients(c *embed.Config) *clients {
	s := &clients{config: c, failed: make(chan error, 1)}
	end := etcdsStreams(c)
	s.endStreams = func() { end(s.serving) }
	c.ServiceRegister = func(g *grpc.Server) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.serving = g
	}
	return s
}

// drained is the withdrawal for which clients were last sent away.
func (s *clients) drained() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.withdrawal
}

// etcds reports whether etcd's own server is the one that serves.
func (s *clients) etcds() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.own
}

// drain ends the server that serves, gracefully, and lets another one serve.
// Streams are ended as by a broken connection, which clients resume; requests
// under way are answered.
func (s *clients) drain(etcd *etcdserver.EtcdServer, withdrawal string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serving == nil { // etcd serves nobody yet
		s.withdrawal = withdrawal
		return nil
	}
	port, err := s.listen()
	if err != nil {
		return err
	}
	ending, end := context.WithCancel(context.Background())
	next, err := s.server(ending, etcd)
	if err != nil {
		end()
		return errors.Join(err, port.Close())
	}
	go func() {
		if err := next.Serve(port); err != nil {
			s.failed <- fmt.Errorf("serve clients: %w", err)
		}
	}()
	s.endStreams()
	go s.serving.GracefulStop()
	s.serving, s.endStreams, s.own, s.withdrawal = next, end, true, withdrawal
	return nil
}

// server is a gRPC server like the one that etcd makes in embed.
func (s *clients) server(ending context.Context, etcd *etcdserver.EtcdServer) (*grpc.Server, error) {
	c := s.config
	options := []grpc.ServerOption{endStreams(ending)}
	if c.GRPCKeepAliveMinTime > 0 {
		options = append(options, grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: c.GRPCKeepAliveMinTime}))
	}
	if c.GRPCKeepAliveInterval > 0 && c.GRPCKeepAliveTimeout > 0 {
		options = append(options, grpc.KeepaliveParams(keepalive.ServerParameters{Time: c.GRPCKeepAliveInterval, Timeout: c.GRPCKeepAliveTimeout}))
	}
	var config *tls.Config
	if !c.ClientTLSInfo.Empty() {
		var err error
		if config, err = c.ClientTLSInfo.ServerConfig(); err != nil {
			return nil, fmt.Errorf("configure TLS for clients: %w", err)
		}
	}
	server := v3rpc.Server(etcd, config, nil, options...)
	local := v3client.New(etcd)
	v3electionpb.RegisterElectionServer(server, v3election.NewElectionServer(local))
	v3lockpb.RegisterLockServer(server, v3lock.NewLockServer(local))
	return server, nil
}

// listen opens the client port beside the listener that is still there, so that
// whoever comes meanwhile is not refused. It needs the option that embedConfig
// sets for both.
func (s *clients) listen() (net.Listener, error) {
	u := s.config.ListenClientUrls[0]
	port, err := transport.NewListenerWithOpts(u.Host, u.Scheme,
		transport.WithSocketOpts(&s.config.SocketOpts), transport.WithSkipTLSInfoCheck(true))
	if err != nil {
		return nil, fmt.Errorf("listen for clients: %w", err)
	}
	return port, nil
}

// end closes the port within the given time: streams first, then what is asked.
// Etcd closes its own.
func (s *clients) end(grace time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endStreams()
	if !s.own {
		return
	}
	stop := time.AfterFunc(grace, s.serving.Stop)
	defer stop.Stop()
	s.serving.GracefulStop()
}
