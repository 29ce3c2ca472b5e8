package network

import (
	"fmt"
	"net/netip"
	"strings"
)

// MaxNodes is how many node indexes the addresses allow.
const MaxNodes = 200

// stack is the address layout of one IP version.
type stack struct {
	machines netip.Prefix // control plane and nodes
	pods     netip.Prefix // all pods
	services netip.Prefix
	podBits  int // prefix length of one node's pods
	any      string
}

var (
	v4 = stack{
		machines: netip.MustParsePrefix("10.89.0.0/24"),
		pods:     netip.MustParsePrefix("10.244.0.0/16"),
		services: netip.MustParsePrefix("10.96.0.0/16"),
		podBits:  24,
		any:      "0.0.0.0",
	}
	v6 = stack{
		machines: netip.MustParsePrefix("fd00:89::/64"),
		pods:     netip.MustParsePrefix("fd00:244::/48"),
		services: netip.MustParsePrefix("fd00:96::/112"),
		podBits:  64,
		any:      "::",
	}
)

// Plan gives every part of a cluster its addresses. The first of several is the preferred family's.
type Plan struct{ Family Family }

// ControlPlane is the API server's address on the bridge, and the nodes' gateway.
func (p Plan) ControlPlane() []netip.Addr {
	return p.each(func(s stack) netip.Addr { return nth(s.machines.Addr(), 1) })
}

// Node is the address of the node of that index.
func (p Plan) Node(index int) []netip.Addr {
	return p.each(func(s stack) netip.Addr { return nth(s.machines.Addr(), 10+index) })
}

// APIService is the address of the Service kubernetes.default.
func (p Plan) APIService() []netip.Addr {
	return p.each(func(s stack) netip.Addr { return nth(s.services.Addr(), 1) })
}

// DNSService is the address of the cluster's DNS Service.
func (p Plan) DNSService() []netip.Addr {
	return p.each(func(s stack) netip.Addr { return nth(s.services.Addr(), 10) })
}

// Services lists the prefixes of Service addresses.
func (p Plan) Services() []netip.Prefix {
	return p.prefixes(func(s stack) netip.Prefix { return s.services })
}

// Pods lists the prefixes of all pods' addresses.
func (p Plan) Pods() []netip.Prefix { return p.prefixes(func(s stack) netip.Prefix { return s.pods }) }

// NodePods lists the prefixes of the pods on the node of that index.
func (p Plan) NodePods(index int) []netip.Prefix {
	return p.prefixes(func(s stack) netip.Prefix { return s.nodePods(index) })
}

// Any is the unspecified address of the preferred family: what a server binds to.
func (p Plan) Any() string { return p.Family.stacks()[0].any }

// machineBits is the prefix length with which an address of the machines' network is configured.
func (p Plan) machineBits(a netip.Addr) int {
	if a.Is4() {
		return v4.machines.Bits()
	}
	return v6.machines.Bits()
}

func (p Plan) each(pick func(stack) netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, s := range p.Family.stacks() {
		out = append(out, pick(s))
	}
	return out
}

func (p Plan) prefixes(pick func(stack) netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range p.Family.stacks() {
		out = append(out, pick(s))
	}
	return out
}

// nodePods numbers the node in the last byte above the node's own bits.
func (s stack) nodePods(index int) netip.Prefix {
	raw := s.pods.Addr().AsSlice()
	raw[s.podBits/8-1] = byte(index)
	a, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(a, s.podBits)
}

func nth(base netip.Addr, n int) netip.Addr {
	raw := base.AsSlice()
	raw[len(raw)-1] += byte(n)
	a, _ := netip.AddrFromSlice(raw)
	return a
}

// Join writes addresses or prefixes as one comma-separated flag value.
func Join[T fmt.Stringer](all []T) string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = a.String()
	}
	return strings.Join(out, ",")
}
