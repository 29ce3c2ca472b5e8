package api

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
)

// kubectl runs the real kubectl and returns what it printed, and whether it
// was content.
func kubectl(t *testing.T, stdin string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), server.kubectl, append([]string{"--kubeconfig", server.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err == nil
}

// mustKubectl fails the test where kubectl fails.
func mustKubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, ok := kubectl(t, stdin, args...)
	if !ok {
		t.Fatalf("kubectl %s:\n%s", strings.Join(args, " "), out)
	}
	return out
}

// applyDemo applies the sample that `make demo` uses.
func applyDemo(t *testing.T) (namespace string) {
	t.Helper()
	namespace = makeNamespace(t, "kubectl")
	mustKubectl(t, "", "apply", "-n", namespace, "-f", filepath.Join(root, "config", "samples", "etcdcluster.yaml"))
	return namespace
}

// TestPrinterColumns: `kubectl get etcd` prints what a person looks for.
func TestPrinterColumns(t *testing.T) {
	namespace := applyDemo(t)
	var cluster v1alpha1.EtcdCluster
	key := client.ObjectKey{Namespace: namespace, Name: "demo"}
	if err := server.client.Get(t.Context(), key, &cluster); err != nil {
		t.Fatal(err)
	}
	cluster.Status = servingStatus()
	if err := server.client.Status().Update(t.Context(), &cluster); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(mustKubectl(t, "", "get", "etcd", "-n", namespace)), "\n")
	if len(lines) != 2 {
		t.Fatalf("want a head and a line, have %q", lines)
	}
	wantFields(t, lines[0], "NAME", "READY", "QUORUM", "LEADER", "VERSION", "BACKUP", "REASON", "AGE")
	wantFields(t, lines[1], "demo", "True", "3/3", "demo-0", "3.7.3", "False", "Steady")
	if listed := mustKubectl(t, "", "get", "quorate", "-n", namespace); !strings.Contains(listed, "demo") {
		t.Errorf("the category quorate does not list it:\n%s", listed)
	}
}

func servingStatus() v1alpha1.EtcdClusterStatus {
	condition := func(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.Now()}
	}
	return v1alpha1.EtcdClusterStatus{
		Quorum: "3/3", Leader: "demo-0", Version: "3.7.3", Replicas: 3, ReadyReplicas: 3,
		Selector: v1alpha1.LabelCluster + "=demo",
		Conditions: []metav1.Condition{
			condition(v1alpha1.ConditionReady, metav1.ConditionTrue, string(plan.ReasonSteady)),
			condition(v1alpha1.ConditionBackupHealthy, metav1.ConditionFalse, v1alpha1.ReasonNoBackup),
		},
		Members: []v1alpha1.MemberStatus{{Name: "demo-0", ID: "8e9e05c52164694d", Role: v1alpha1.RoleLeader, Ready: true}},
	}
}

func wantFields(t *testing.T, line string, want ...string) {
	t.Helper()
	have := strings.Fields(line)
	for i, word := range want {
		if i >= len(have) || have[i] != word {
			t.Errorf("column %d of %q: want %q", i+1, line, word)
		}
	}
}

// TestScale: `kubectl scale` goes through the same rules as an edit, and the
// scale subresource says which pods are meant.
func TestScale(t *testing.T) {
	namespace := applyDemo(t)
	out, ok := kubectl(t, "", "scale", "etcd/demo", "-n", namespace, "--replicas=2")
	if ok || !strings.Contains(out, "spec.replicas must be odd") || !strings.Contains(out, "use 1 or 3") {
		t.Errorf("scaling to 2 must be refused with the reason, was %v:\n%s", ok, out)
	}
	if out, ok := kubectl(t, "", "scale", "etcd/demo", "-n", namespace, "--replicas=0"); ok || !strings.Contains(out, "at least 1") {
		t.Errorf("scaling to 0 must be refused with the reason, was %v:\n%s", ok, out)
	}
	mustKubectl(t, "", "scale", "etcd/demo", "-n", namespace, "--replicas=5")
	if got := mustKubectl(t, "", "get", "etcd/demo", "-n", namespace, "-o", "jsonpath={.spec.replicas}"); got != "5" {
		t.Errorf("replicas after scaling: %s, want 5", got)
	}
	mustKubectl(t, "", "patch", "etcd/demo", "-n", namespace, "--subresource=status", "--type=merge",
		"-p", `{"status":{"replicas":3,"readyReplicas":3,"selector":"etcd.quorate.dev/cluster=demo"}}`)
	scale := mustKubectl(t, "", "get", "etcd/demo", "-n", namespace, "--subresource=scale", "-o", "jsonpath={.spec.replicas} {.status.replicas} {.status.selector}")
	if scale != "5 3 etcd.quorate.dev/cluster=demo" {
		t.Errorf("the scale subresource says %q", scale)
	}
}

// TestDefaults: what is left out is filled in where the API says so.
func TestDefaults(t *testing.T) {
	namespace := makeNamespace(t, "defaults")
	mustKubectl(t, "", "apply", "-n", namespace, "-f", filepath.Join(testdata, "valid", "least.yaml"))
	got := mustKubectl(t, "", "get", "etcd/least", "-n", namespace, "-o", "jsonpath={.spec}")
	if want := `{"replicas":3,"storage":{"size":"8Gi","whenDeleted":"Retain"},"version":"3.7.3"}`; got != want {
		t.Errorf("spec after defaulting:\n%s\nwant\n%s", got, want)
	}
}

// TestPlainApply: the CRD fits into the annotation of plain `kubectl apply`,
// and applying again changes nothing.
func TestPlainApply(t *testing.T) {
	crd := filepath.Join(root, "config", "crd")
	mustKubectl(t, "", "apply", "-k", crd)
	if again := mustKubectl(t, "", "apply", "-k", crd); !strings.Contains(again, "unchanged") {
		t.Errorf("applied again it changed:\n%s", again)
	}
}

// TestExplain: `kubectl explain` has words for what people ask first.
func TestExplain(t *testing.T) {
	for _, field := range []string{"", ".spec", ".spec.replicas", ".spec.storage", ".spec.storage.storageClassName", ".spec.hibernated", ".spec.tls", ".spec.etcd.quotaBackend",
		".spec.podTemplate.topologySpreadConstraints", ".spec.podTemplate.resources", ".status.members", ".status.conditions"} {
		out := mustKubectl(t, "", "explain", "etcdcluster"+field)
		if strings.Contains(out, "<empty>") || !strings.Contains(out, "DESCRIPTION:") {
			t.Errorf("%s is not explained:\n%s", field, out)
		}
	}
}
