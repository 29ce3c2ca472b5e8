package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// rig is a cluster of the test's own.
type rig struct {
	*testing.T
	layout state.Layout
}

// newRig makes a state folder whose binaries are the built ones. The cluster is taken down at the end in any case.
func newRig(t *testing.T) *rig {
	t.Helper()
	bin := os.Getenv("QUORATE_CLUSTER_BIN")
	if bin == "" {
		t.Skip("needs root and built binaries: run it by make cluster-test")
	}
	dir := t.TempDir()
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	l, err := state.NewLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, layout: l}
	t.Cleanup(func() { r.cluster("down") })
	return r
}

// cluster runs quorate-cluster on the rig's state folder.
func (r *rig) cluster(args ...string) string {
	r.Helper()
	return r.run("quorate-cluster", append([]string{"--state", r.layout.Root}, args...)...)
}

func (r *rig) kubectl(args ...string) string {
	r.Helper()
	return r.run("kubectl", append([]string{"--kubeconfig", r.layout.Kubeconfig()}, args...)...)
}

func (r *rig) run(name string, args ...string) string {
	r.Helper()
	began := time.Now()
	out, err := exec.Command(r.layout.Bin(name), args...).CombinedOutput()
	if err != nil {
		r.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	r.Logf("%6.2f s  %s %s", time.Since(began).Seconds(), name, strings.Join(args, " "))
	return strings.TrimSpace(string(out))
}

// eventually repeats a kubectl query until it prints want.
func (r *rig) eventually(want string, args ...string) {
	r.Helper()
	began := time.Now()
	var got []byte
	for time.Since(began) < 2*time.Minute {
		got, _ = exec.Command(r.layout.Bin("kubectl"), append([]string{"--kubeconfig", r.layout.Kubeconfig()}, args...)...).CombinedOutput()
		if strings.TrimSpace(string(got)) == want {
			r.Logf("%6.2f s  until %q", time.Since(began).Seconds(), want)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.Fatalf("kubectl %s: want %q, last got %q", strings.Join(args, " "), want, got)
}

// workload is a one-member etcd on a volume, under restricted Pod Security.
func (r *rig) workload() {
	r.Helper()
	tar := filepath.Join(r.layout.Root, "etcd.tar")
	r.run("quorate-cluster", "image", "--name", "quorate.test/etcd:1", "--binary", r.layout.Bin("etcd"),
		"--binary", r.layout.Bin("etcdctl")+":/etcdctl", "--entrypoint", "/etcd", "--out", tar)
	r.cluster("load", tar)
	r.kubectl("label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted")
	r.kubectl("apply", "-f", "testdata/etcd.yaml")
	r.eventually("1", "get", "statefulset", "etcd", "-o", "jsonpath={.status.readyReplicas}")
}

func (r *rig) etcdctl(args ...string) string {
	r.Helper()
	return r.kubectl(append([]string{"exec", "etcd-0", "--", "/etcdctl", "--endpoints=http://etcd:2379"}, args...)...)
}

func TestDownLeavesNothing(t *testing.T) {
	r := newRig(t)
	network := HostNetwork()
	r.cluster("up", "--nodes", "2")
	r.workload()
	if len(Traces(r.layout)) == 0 {
		t.Fatal("a running cluster left no trace: the test looks in the wrong places")
	}
	r.cluster("stop-node", "node-2")
	r.cluster("down")
	if left := Traces(r.layout); len(left) > 0 {
		t.Errorf("down left:\n%s", strings.Join(left, "\n"))
	}
	if now := HostNetwork(); !slices.Equal(now, network) {
		t.Errorf("the host's network changed:\nbefore %v\nafter  %v", network, now)
	}
	entries, _ := os.ReadDir(r.layout.Root)
	for _, e := range entries {
		if !slices.Contains([]string{"bin", "logs", "lock"}, e.Name()) {
			t.Errorf("down left %s in the state folder", e.Name())
		}
	}
}

func TestVolumesOutliveAPowerCutAndGrow(t *testing.T) {
	r := newRig(t)
	r.cluster("up", "--nodes", "1")
	r.workload()
	r.etcdctl("put", "k", "kept")
	r.cluster("stop-node", "node-1")
	r.cluster("start-node", "node-1")
	r.eventually("1", "get", "statefulset", "etcd", "-o", "jsonpath={.status.readyReplicas}")
	r.eventually("kept", "exec", "etcd-0", "--", "/etcdctl", "--endpoints=http://etcd:2379", "get", "k", "--print-value-only")
	r.kubectl("patch", "pvc", "data-etcd-0", "-p", `{"spec":{"resources":{"requests":{"storage":"600Mi"}}}}`)
	r.eventually("600Mi", "get", "pvc", "data-etcd-0", "-o", "jsonpath={.status.capacity.storage}")
	r.kubectl("delete", "statefulset", "etcd")
	r.kubectl("delete", "pvc", "data-etcd-0")
	r.eventually("", "get", "pv", "-o", "name")
	if left := loops(r.layout); len(left) > 0 {
		t.Errorf("a deleted volume left %v", left)
	}
}

func TestRemovedNodeIsReplaced(t *testing.T) {
	r := newRig(t)
	r.cluster("up", "--nodes", "2")
	r.cluster("cut", "node-2")
	r.eventually("Unknown", "get", "node", "node-2", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
	r.cluster("heal", "node-2")
	r.eventually("True", "get", "node", "node-2", "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
	r.cluster("remove-node", "node-2", "--delete-object")
	r.cluster("up", "--nodes", "2")
	r.eventually("node-1 node-3", "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
}

// Every family carries a pod's question to DNS and to a Service, from the node of the server and from another.
func TestFamilies(t *testing.T) {
	for _, family := range []string{"ipv6", "dual"} {
		t.Run(family, func(t *testing.T) {
			r := newRig(t)
			r.cluster("up", "--nodes", "2", "--family", family, "--cluster-domain", "lab.test")
			r.workload()
			for _, node := range []string{"node-1", "node-2"} {
				pod := "ask-" + node
				r.kubectl("apply", "-f", asker(r, pod, node))
				r.eventually("Succeeded", "get", "pod", pod, "-o", "jsonpath={.status.phase}")
			}
		})
	}
}

// asker writes the manifest of a pod on the given node that asks etcd by its Service's full name.
func asker(r *rig, pod, node string) string {
	r.Helper()
	text, err := os.ReadFile("testdata/asker.yaml")
	if err != nil {
		r.Fatal(err)
	}
	path := filepath.Join(r.layout.Root, pod+".yaml")
	filled := strings.NewReplacer("POD", pod, "NODE", node).Replace(string(text))
	if err := os.WriteFile(path, []byte(filled), 0o600); err != nil {
		r.Fatal(fmt.Errorf("write manifest: %w", err))
	}
	return path
}
