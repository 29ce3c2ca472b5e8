package pki

import (
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"time"
)

// Kind names one Secret of a cluster's PKI.
type Kind string

// The Secrets of a cluster. Each value is the suffix of the Secret's name.
const (
	PeerCA      Kind = "peer-ca"
	ClientCA    Kind = "client-ca"
	ControlCA   Kind = "control-ca"
	MemberTLS   Kind = "member-tls"   // mounted in every member
	OperatorTLS Kind = "operator-tls" // the operator's own identities
	ClientTLS   Kind = "client-tls"   // for users
)

// SecretName returns the name of the cluster's Secret of this kind.
func (k Kind) SecretName(cluster string) string { return cluster + "-" + string(k) }

// IsCA reports whether the Secret holds a CA.
func (k Kind) IsCA() bool { return k == PeerCA || k == ClientCA || k == ControlCA }

// IsKubernetesTLS reports whether the Secret has the type kubernetes.io/tls:
// the keys tls.crt and tls.key. The others are Opaque.
func (k Kind) IsKubernetesTLS() bool { return k.IsCA() || k == ClientTLS }

// Content is what one Secret holds, as in Secret.data.
type Content map[string][]byte

// Keys of the Secrets of type kubernetes.io/tls.
const (
	KeyCert   = "tls.crt"
	KeyKey    = "tls.key"
	KeyBundle = "ca.crt" // all CAs to trust, PEM; of a CA Secret it includes tls.crt
)

const (
	// CAValidity is the life of a CA.
	CAValidity = 10 * 365 * 24 * time.Hour
	// DefaultValidity is the life of a leaf when the plan says nothing.
	DefaultValidity = 90 * 24 * time.Hour
	// Backdate is how long before it is issued a certificate begins to be
	// valid, so that a node whose clock runs behind accepts it.
	Backdate = 5 * time.Minute
)

// Common names. An etcd with authentication on takes them as user names.
const (
	rootCommonName     = "root"
	operatorCommonName = "quorate-operator" // control.OperatorCommonName; a test holds them equal
	restoreCommonName  = "quorate-restore"  // control.RestoreCommonName, likewise
)

// Plan is the PKI that a cluster should have.
type Plan struct {
	Cluster, Namespace string
	// PeersService and ClientService are the names of the cluster's Services.
	PeersService, ClientService string
	// Domains are the cluster domains under which the names are to be valid,
	// such as cluster.local. The names without a domain always are.
	Domains []string
	// Disabled leaves out everything but the control port's PKI, which is
	// always mutually authenticated.
	Disabled bool
	// Sources are the Secrets that certificates of clients and peers are read
	// from; nil when Quorate makes them itself. Then there is no authority for
	// them, and no client's certificate for users, but what the source has.
	Sources Sources
	// Members is how many members a certificate from elsewhere must be valid for.
	Members int
	// Bound: processes run that have loaded the authorities that are in use, so
	// that a source cannot bring another one.
	Bound bool
	// Restores: a Job may hand the members a snapshot to begin with, and has a
	// certificate for that alone.
	Restores bool
	// Validity is the life of a leaf; zero means DefaultValidity.
	Validity time.Duration
	// RenewBefore is how long before its end a leaf is renewed; zero, or as
	// long as the life itself, means a third of the life.
	RenewBefore time.Duration
}

// Kinds returns the Secrets that the cluster should have, CAs first.
func (p Plan) Kinds() []Kind {
	if p.Disabled || len(p.Sources) > 0 {
		return []Kind{ControlCA, MemberTLS, OperatorTLS}
	}
	return []Kind{PeerCA, ClientCA, ControlCA, MemberTLS, OperatorTLS, ClientTLS}
}

// CAs returns the CAs that sign the leaves of a Secret.
func (p Plan) CAs(kind Kind) []Kind {
	var cas []Kind
	for _, l := range p.leaves(kind) {
		if l.source == "" {
			cas = append(cas, l.ca)
		}
	}
	return cas
}

func (p Plan) validity() time.Duration {
	if p.Validity <= 0 {
		return DefaultValidity
	}
	return p.Validity
}

// leaf is one certificate of a Secret: what it says, and the keys under which
// it, its private key and the CAs to trust beside it lie.
type leaf struct {
	ca                      Kind
	commonName              string
	dns                     []string
	ips                     []net.IP
	usages                  []x509.ExtKeyUsage
	certKey, keyKey, bundle string
	// source and trust are the Secrets that certificate and bundle are copied
	// from, when they come from elsewhere.
	source, trust Kind
}

// leaves returns the certificates that a Secret should hold.
func (p Plan) leaves(kind Kind) []leaf {
	var all []leaf
	switch kind {
	case MemberTLS:
		all = []leaf{p.peerLeaf(), p.serverLeaf(), p.memberControlLeaf()}
	case OperatorTLS:
		all = []leaf{
			clientLeaf(ClientCA, rootCommonName, "client-ca.crt", "client.crt", "client.key"),
			clientLeaf(ControlCA, operatorCommonName, "control-ca.crt", "control.crt", "control.key"),
		}
		if p.Restores {
			all = append(all, clientLeaf(ControlCA, restoreCommonName, "control-ca.crt", "restore.crt", "restore.key"))
		}
	case ClientTLS:
		all = []leaf{clientLeaf(ClientCA, p.Cluster+"-client", KeyBundle, KeyCert, KeyKey)}
	}
	if len(p.Sources) > 0 {
		for i := range all {
			all[i] = all[i].fromElsewhere()
		}
	}
	return slices.DeleteFunc(all, func(l leaf) bool { return p.Disabled && l.ca != ControlCA })
}

func (p Plan) peerLeaf() leaf {
	return leaf{
		ca: PeerCA, commonName: p.Cluster + "-peer", dns: p.memberNames(),
		usages:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		certKey: "peer.crt", keyKey: "peer.key", bundle: "peer-ca.crt",
	}
}

// serverLeaf has no client usage: a member's certificate is nobody's login.
func (p Plan) serverLeaf() leaf {
	short := []string{p.ClientService, p.ClientService + "." + p.Namespace, "localhost"}
	return leaf{
		ca: ClientCA, commonName: p.Cluster + "-server",
		dns:     slices.Concat(p.memberNames(), p.serviceNames(p.ClientService), short),
		ips:     []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		usages:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		certKey: "server.crt", keyKey: "server.key", bundle: "client-ca.crt",
	}
}

func (p Plan) memberControlLeaf() leaf {
	return leaf{
		ca: ControlCA, commonName: p.Cluster + "-control", dns: p.memberNames(),
		usages:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		certKey: "control.crt", keyKey: "control.key", bundle: "control-ca.crt",
	}
}

func clientLeaf(ca Kind, commonName, bundle, certKey, keyKey string) leaf {
	return leaf{
		ca: ca, commonName: commonName, usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		certKey: certKey, keyKey: keyKey, bundle: bundle,
	}
}

// memberNames covers every member, present and coming, by one wildcard, so
// that growing the cluster issues nothing.
func (p Plan) memberNames() []string { return p.serviceNames("*." + p.PeersService) }

// serviceNames returns host under the namespace, without and with each domain.
func (p Plan) serviceNames(host string) []string {
	base := host + "." + p.Namespace + ".svc"
	names := []string{base}
	for _, domain := range p.Domains {
		domain = strings.ToLower(strings.Trim(domain, "."))
		if name := base + "." + domain; domain != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
