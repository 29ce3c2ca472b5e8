package agent

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Config is all that a member is told from outside.
type Config struct {
	Name          etcd.MemberName // the pod's name
	Namespace     string
	Cluster       string // the EtcdCluster's name
	PeersService  string // headless Service that gives each pod a DNS name
	ClientService string // Service in front of ready members; for the log only

	Dir     string // mount point of the volume
	TLSDir  string // mounted Secret with the certificates
	PeerTLS bool   // mutual TLS between members
	// SharedAuthority: the peers' authority signs for others too, so that a peer
	// must also show a certificate for this cluster's members.
	SharedAuthority bool
	ClientTLS       bool     // mutual TLS for clients
	Options         []string // etcd's own settings, KEY=VALUE

	// Drain is how long a stopping member goes on serving after it became
	// unready, so that endpoints go away before connections do.
	Drain time.Duration

	Listen Listen

	// PeerURL and ClientURL override what is derived from names and Services.
	// Tests on loopback need them; a pod has no use for them.
	PeerURL, ClientURL string
}

// Listen says where the member listens.
type Listen struct {
	Host                         string // IP address, empty: see AnyHost
	Client, Peer, Probe, Control int
}

// DefaultListen returns the ports that the pod's template declares.
func DefaultListen() Listen {
	return Listen{Client: 2379, Peer: 2380, Probe: 2381, Control: control.Port}
}

// AnyHost returns the wildcard address to listen on. The IPv6 wildcard also
// serves IPv4; it cannot be bound where the kernel has IPv6 switched off.
func AnyHost() string {
	l, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		return "0.0.0.0"
	}
	_ = l.Close()
	return "::"
}

func (l Listen) address(port int) string {
	return net.JoinHostPort(l.Host, strconv.Itoa(port))
}

// withDefaults fills in what may be left out.
func (c Config) withDefaults() Config {
	if c.Listen.Host == "" {
		c.Listen.Host = AnyHost()
	}
	host := fmt.Sprintf("%s.%s.%s.svc", c.Name, c.PeersService, c.Namespace)
	if c.PeerURL == "" {
		c.PeerURL = memberURL(c.PeerTLS, host, c.Listen.Peer)
	}
	if c.ClientURL == "" {
		c.ClientURL = memberURL(c.ClientTLS, host, c.Listen.Client)
	}
	return c
}

// validate refuses what cannot even be reported from a running agent.
func (c Config) validate() error {
	for flag, value := range map[string]string{
		"--name": string(c.Name), "--data": c.Dir, "--tls": c.TLSDir,
	} {
		if value == "" {
			return fmt.Errorf("%s must be set", flag)
		}
	}
	if c.PeerURL == "" && (c.Namespace == "" || c.PeersService == "") {
		return fmt.Errorf("--namespace and --peers-service must be set")
	}
	return nil
}

func (c Config) tlsFile(name string) string { return filepath.Join(c.TLSDir, name) }

func memberURL(tls bool, host string, port int) string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(port))}
	if tls {
		u.Scheme = "https"
	}
	return u.String()
}
