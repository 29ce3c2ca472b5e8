package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	corev1 "k8s.io/api/core/v1"
)

// Ports of a member's pod.
const (
	clientPort  = 2379
	probePort   = 2381
	controlPort = 2382
)

// callTimeout bounds one call to etcd.
const callTimeout = 5 * time.Second

// userTLS is what a user makes of the Secret <name>-client-tls.
func (c *cluster) userTLS() *tls.Config {
	c.t.Helper()
	secret := &corev1.Secret{}
	c.read(c.name+"-client-tls", secret)
	config, err := tlsOf(secret)
	if err != nil {
		c.t.Fatal(err)
	}
	config.ServerName = c.serviceHost()
	return config
}

func tlsOf(secret *corev1.Secret) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"])
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", secret.Name, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(secret.Data["ca.crt"]) {
		return nil, fmt.Errorf("read Secret %s: ca.crt holds no certificate", secret.Name)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, RootCAs: roots}, nil
}

// serviceHost is the name under which clients reach the cluster.
func (c *cluster) serviceHost() string { return c.name + "-client." + c.space.name + ".svc" }

// dial returns a client of one member, through a forwarded port.
func (c *cluster) dial(pod string) *clientv3.Client {
	c.t.Helper()
	config := c.userTLS()
	return c.dialWith(c.forward(pod, clientPort), config)
}

// dialWith returns a client of an address; nil means plain text.
func (c *cluster) dialWith(address string, config *tls.Config) *clientv3.Client {
	c.t.Helper()
	client, err := newClient(address, config)
	if err != nil {
		c.t.Fatalf("create etcd client: %v", err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}

func newClient(address string, config *tls.Config) (*clientv3.Client, error) {
	c := clientv3.Config{Endpoints: []string{"http://" + address}, TLS: config, DialTimeout: callTimeout, Logger: zap.NewNop()}
	if config != nil {
		c.Endpoints = []string{"https://" + address}
		// clientv3 expects the certificate to bear the endpoint's host, whatever TLS.ServerName says.
		c.DialOptions = []grpc.DialOption{grpc.WithAuthority(config.ServerName)}
	}
	return clientv3.New(c)
}

// client returns a client of some member that is ready.
func (c *cluster) client() *clientv3.Client {
	c.t.Helper()
	var chosen string
	eventually(c.t, medium, "a member is ready", func(context.Context) error {
		for name, p := range c.pods() {
			if podReady(&p) == nil {
				chosen = name
				return nil
			}
		}
		return fmt.Errorf("none of %d pods is", len(c.pods()))
	})
	return c.dial(chosen)
}

// voters asks the cluster itself, and returns the names of its started voters
// by ID; it fails the test when there is a learner.
func (c *cluster) voters(client *clientv3.Client) map[uint64]string {
	c.t.Helper()
	names := map[uint64]string{}
	for _, m := range c.memberList(client).Members {
		if m.IsLearner || m.Name == "" {
			c.t.Errorf("member %x (%q) is a learner or never started", m.ID, m.PeerURLs)
		}
		names[m.ID] = m.Name
	}
	return names
}

// clusterID asks one member for the ID of its cluster.
func (c *cluster) clusterID(client *clientv3.Client) string {
	c.t.Helper()
	return fmt.Sprintf("%x", c.memberList(client).Header.GetClusterId())
}

// memberList asks until there is an answer: on a machine that is overloaded a
// single call may find an election.
func (c *cluster) memberList(client *clientv3.Client) (list *clientv3.MemberListResponse) {
	c.t.Helper()
	eventually(c.t, medium, "the cluster answers with its members", func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		list, err = client.MemberList(ctx)
		return err
	})
	return list
}
