package controlplane

import (
	"fmt"
	"net/netip"

	"github.com/quorate/quorate/hack/cluster/internal/config"
	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/pki"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

const admins = "system:masters"

// clients are the programs that get a kubeconfig for use inside the cluster.
var clients = []struct{ name, user, group string }{
	{"controllers", "system:kube-controller-manager", ""},
	{"scheduler", "system:kube-scheduler", ""},
	{"kube-proxy", "system:kube-proxy", ""},
	{"provisioner", "provisioner", admins},
}

// MakePKI makes whatever certificates, keys and kubeconfigs do not exist yet.
func MakePKI(l state.Layout, c *state.Cluster) error {
	ca, err := pki.OpenAuthority(l.PKI("ca"), "quorate-cluster")
	if err != nil {
		return err
	}
	if err := makeServing(l, c, ca); err != nil {
		return err
	}
	for _, who := range clients {
		if err := makeClient(l, c, ca, who.name, who.user, who.group); err != nil {
			return err
		}
	}
	for _, n := range c.Nodes {
		if err := makeNode(l, c, ca, n); err != nil {
			return err
		}
	}
	if err := ca.Issue(l.PKI("admin"), pki.Request{CommonName: "admin", Groups: []string{admins}}); err != nil {
		return err
	}
	return ca.WriteKubeconfig(l.Kubeconfig(), fmt.Sprintf("https://127.0.0.1:%d", c.Port), "admin", l.PKI("admin"))
}

func makeServing(l state.Layout, c *state.Cluster, ca *pki.Authority) error {
	if err := pki.ServiceAccountKey(l.PKI("service-account")); err != nil {
		return err
	}
	front, err := pki.OpenAuthority(l.PKI("front-proxy-ca"), "quorate-cluster-front-proxy")
	if err != nil {
		return err
	}
	if err := front.Issue(l.PKI("front-proxy-client"), pki.Request{CommonName: "front-proxy-client"}); err != nil {
		return err
	}
	plan := network.Plan{Family: c.Family}
	addresses := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	addresses = append(append(addresses, plan.ControlPlane()...), plan.APIService()...)
	server := pki.Request{CommonName: "kube-apiserver", Addresses: addresses, DNSNames: []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + c.Domain,
	}}
	if err := ca.Issue(l.PKI("apiserver"), server); err != nil {
		return err
	}
	return ca.Issue(l.PKI("apiserver-kubelet"), pki.Request{CommonName: "kube-apiserver-kubelet-client", Groups: []string{admins}})
}

func makeClient(l state.Layout, c *state.Cluster, ca *pki.Authority, name, user, group string) error {
	r := pki.Request{CommonName: user}
	if group != "" {
		r.Groups = []string{group}
	}
	if err := ca.Issue(l.PKI(name), r); err != nil {
		return err
	}
	return ca.WriteKubeconfig(l.PKI(name+".kubeconfig"), insideURL(c), user, l.PKI(name))
}

// makeNode makes one pair for a kubelet: its client certificate is its serving certificate too.
func makeNode(l state.Layout, c *state.Cluster, ca *pki.Authority, n state.Node) error {
	user := "system:node:" + n.Name
	r := pki.Request{
		CommonName: user, Groups: []string{"system:nodes"}, DNSNames: []string{n.Name},
		Addresses: network.Plan{Family: c.Family}.Node(n.Index),
	}
	if err := ca.Issue(l.PKI(n.Name), r); err != nil {
		return err
	}
	return ca.WriteKubeconfig(l.PKI(n.Name+".kubeconfig"), insideURL(c), user, l.PKI(n.Name))
}

func insideURL(c *state.Cluster) string { return "https://" + config.Endpoint(c).String() }
