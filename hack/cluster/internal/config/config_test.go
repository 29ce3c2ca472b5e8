package config

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/hack/cluster/internal/network"
	"github.com/quorate/quorate/hack/cluster/internal/state"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample(f network.Family) (state.NodeLayout, *state.Cluster) {
	c := &state.Cluster{Family: f, Domain: "cluster.local", Port: 7443}
	c.Grow(2)
	return state.Layout{Root: "/state", ID: "0123abcd"}.Of(c.Nodes[1]), c
}

func TestNodeFilesGolden(t *testing.T) {
	for _, family := range []network.Family{network.IPv4, network.IPv6, network.Dual} {
		l, c := sample(family)
		files, err := NodeFiles(l, c)
		if err != nil {
			t.Fatal(err)
		}
		for path, text := range files {
			golden(t, string(family)+"-"+filepath.Base(path), text)
		}
	}
}

func TestArgumentsGolden(t *testing.T) {
	l, c := sample(network.Dual)
	for name, argv := range map[string][]string{
		"etcd":                    Etcd(l.Layout),
		"kube-apiserver":          APIServer(l.Layout, c),
		"kube-controller-manager": Controllers(l.Layout, c),
		"kube-scheduler":          Scheduler(l.Layout),
		"kubelet":                 Kubelet(l, c),
		"kube-proxy":              KubeProxy(l),
	} {
		golden(t, "dual-"+name+".args", strings.Join(argv, "\n")+"\n")
	}
}

func TestFilesParse(t *testing.T) {
	l, c := sample(network.Dual)
	files, err := NodeFiles(l, c)
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		var into map[string]any
		switch filepath.Ext(path) {
		case ".yaml":
			err = yaml.UnmarshalStrict([]byte(text), &into)
		case ".conflist":
			err = json.Unmarshal([]byte(text), &into)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Two clusters on one machine, and two nodes of a cluster, must not share a file outside the state folder, a cgroup or
// a network name.
func TestNodesShareNothing(t *testing.T) {
	_, c := sample(network.IPv4)
	here := state.Layout{Root: "/state", ID: "0123abcd"}
	there := state.Layout{Root: "/other", ID: "89efcdab"}
	a, b, d := here.Of(c.Nodes[0]), here.Of(c.Nodes[1]), there.Of(c.Nodes[0])
	for what, names := range map[string][]string{
		"socket": {a.Socket(), b.Socket(), d.Socket()},
		"netns":  {a.Netns(), b.Netns(), d.Netns(), here.ControlPlaneNetns(), there.ControlPlaneNetns()},
		"cgroup": {a.Cgroup(), b.Cgroup(), d.Cgroup(), here.ControlPlaneCgroup(), there.ControlPlaneCgroup()},
		"folder": {a.Dir(), b.Dir(), d.Dir()},
		"run":    {a.RunPath(), b.RunPath(), d.RunPath()},
	} {
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s is shared: %v", what, names)
		}
	}
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with: go test ./internal/config -update)", err)
	}
	if string(want) != text {
		t.Errorf("%s differs from its golden file; look at the change and accept it with -update:\n%s", name, text)
	}
}
