package cluster

import (
	"testing"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

func TestMerge(t *testing.T) {
	l, err := state.NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := merge(l, Wish{})
	if err != nil || len(c.Nodes) != 3 || c.Family != network.IPv4 || c.Domain != "cluster.local" || c.Port == 0 {
		t.Fatalf("defaults: %+v, %v", c, err)
	}
	if err := l.Save(c); err != nil {
		t.Fatal(err)
	}
	for what, w := range map[string]Wish{
		"another family": {Family: network.Dual},
		"another domain": {Domain: "other"},
		"fewer nodes":    {Nodes: 2},
		"too many nodes": {Nodes: network.MaxNodes + 1},
	} {
		if _, err := merge(l, w); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	grown, err := merge(l, Wish{Nodes: 5, Family: network.IPv4})
	if err != nil || len(grown.Nodes) != 5 || grown.Port != c.Port {
		t.Fatalf("grown: %+v, %v", grown, err)
	}
}
