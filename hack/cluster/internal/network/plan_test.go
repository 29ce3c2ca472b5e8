package network

import (
	"net/netip"
	"testing"
)

func TestPlan(t *testing.T) {
	for _, tc := range []struct {
		family                          Family
		node, pods, services, dns, bind string
	}{
		{IPv4, "10.89.0.12", "10.244.2.0/24", "10.96.0.0/16", "10.96.0.10", "0.0.0.0"},
		{IPv6, "fd00:89::c", "fd00:244:0:2::/64", "fd00:96::/112", "fd00:96::a", "::"},
		{
			Dual, "10.89.0.12,fd00:89::c", "10.244.2.0/24,fd00:244:0:2::/64", "10.96.0.0/16,fd00:96::/112",
			"10.96.0.10,fd00:96::a", "0.0.0.0",
		},
	} {
		t.Run(string(tc.family), func(t *testing.T) {
			p := Plan{Family: tc.family}
			for what, pair := range map[string][2]string{
				"node":     {Join(p.Node(2)), tc.node},
				"pods":     {Join(p.NodePods(2)), tc.pods},
				"services": {Join(p.Services()), tc.services},
				"dns":      {Join(p.DNSService()), tc.dns},
				"bind":     {p.Any(), tc.bind},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s: got %s, want %s", what, pair[0], pair[1])
				}
			}
		})
	}
}

func TestNodesNeverShareAddresses(t *testing.T) {
	p := Plan{Family: Dual}
	seen := map[netip.Addr]int{}
	for _, a := range p.ControlPlane() {
		seen[a] = -1
	}
	for index := 1; index <= MaxNodes; index++ {
		for i, a := range p.Node(index) {
			if other, taken := seen[a]; taken {
				t.Fatalf("nodes %d and %d share %s", other, index, a)
			}
			seen[a] = index
			if pods := p.NodePods(index)[i]; !p.Pods()[i].Contains(pods.Addr()) {
				t.Fatalf("pods of node %d, %s, lie outside %s", index, pods, p.Pods()[i])
			}
		}
	}
}

func TestPodRoutesSpareTheNodeItself(t *testing.T) {
	got := podRoutes(Plan{Family: IPv4}, []Machine{{Index: 1}, {Index: 2}, {Index: 3}}, 2)
	want := []string{"route replace 10.244.1.0/24 via 10.89.0.11", "route replace 10.244.3.0/24 via 10.89.0.13"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestListens(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue
   0: 0100007F:094B 00000000:0000 0A 00000000:00000000
   1: 0100007F:1538 0100007F:094B 01 00000000:00000000
`
	if !listens(table, 2379) {
		t.Error("2379 listens")
	}
	if listens(table, 5432) {
		t.Error("5432 is a connection, not a listener")
	}
}

func TestParseFamily(t *testing.T) {
	if _, err := ParseFamily("ipv5"); err == nil {
		t.Error("ipv5 was accepted")
	}
	if f, err := ParseFamily("dual"); err != nil || f != Dual {
		t.Errorf("dual: %s, %v", f, err)
	}
}
