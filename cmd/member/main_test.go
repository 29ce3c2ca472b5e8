package main

import (
	"io"
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	c, err := parse([]string{
		"--name=demo-0", "--namespace=ns", "--cluster=demo", "--peers-service=demo-peers", "--client-service=demo-client",
		"--data=/data", "--tls=/tls", "--client-tls=disabled", "--peer-tls=mtls", "--drain=5s",
		"--etcd=snapshot-count=10000", "--etcd=feature-gates=A=true,B=false",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "demo-0" || c.Namespace != "ns" || c.Cluster != "demo" || c.PeersService != "demo-peers" ||
		c.ClientService != "demo-client" || c.Dir != "/data" || c.TLSDir != "/tls" || c.ClientTLS || !c.PeerTLS || c.Drain != 5*time.Second {
		t.Errorf("got %+v", c)
	}
	if want := []string{"snapshot-count=10000", "feature-gates=A=true,B=false"}; !slices.Equal(c.Options, want) {
		t.Errorf("options %q, want %q", c.Options, want)
	}
}

func TestParseIsSecureByDefault(t *testing.T) {
	c, err := parse([]string{"--name=demo-0"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !c.ClientTLS || !c.PeerTLS || c.Drain != 2*time.Second || c.Dir != "/var/lib/etcd" || c.TLSDir != "/etc/quorate/tls" {
		t.Errorf("got %+v", c)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{{"--client-tls=maybe"}, {"--unknown"}, {"extra"}, {"--drain=long"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
