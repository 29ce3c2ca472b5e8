package api

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const operatorAccount = "system:serviceaccount:quorate-system:quorate-operator"

// TestInstall applies config/default, lets the API server judge the operator's
// pod by the restricted level, asks it what the operator may do, and uninstalls:
// the kind and its clusters stay.
func TestInstall(t *testing.T) {
	mustKubectl(t, "", "apply", "-k", filepath.Join(root, "config", "default"))
	namespace := applyDemo(t)
	t.Run("restricted", podIsRestricted)
	t.Run("rights", operatorRights)
	mustKubectl(t, "", "delete", "-k", filepath.Join(root, "config", "uninstall"), "--wait=false")
	mustKubectl(t, "", "get", "etcd/demo", "-n", namespace)
	mustKubectl(t, "", "get", "namespace/quorate-system")
	if out, ok := kubectl(t, "", "get", "deployment/quorate-operator", "-n", "quorate-system"); ok {
		t.Errorf("the operator is still there:\n%s", out)
	}
}

func podIsRestricted(t *testing.T) {
	var deployment appsv1.Deployment
	key := client.ObjectKey{Namespace: "quorate-system", Name: "quorate-operator"}
	if err := server.client.Get(t.Context(), key, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{Spec: deployment.Spec.Template.Spec}
	pod.Namespace, pod.Name = key.Namespace, "judged"
	if err := server.client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Errorf("the operator's pod is refused: %v", err)
	}
	privileged := true
	pod.ObjectMeta = metav1.ObjectMeta{Namespace: key.Namespace, Name: "refused"}
	pod.Spec.Containers[0].SecurityContext.Privileged = &privileged
	if err := server.client.Create(t.Context(), pod, client.DryRunAll); err == nil || !strings.Contains(err.Error(), "privileged") {
		t.Errorf("a privileged pod must be refused here: %v", err)
	}
}

func operatorRights(t *testing.T) {
	for question, want := range map[string]string{
		"list secrets":                            "no",
		"watch secrets":                           "no",
		"get secrets":                             "yes",
		"create pods --subresource=exec":          "no",
		"create pods --subresource=eviction":      "yes",
		"delete etcdclusters":                     "yes", // a drill's; internal/act/drill.go refuses any other
		"deletecollection etcdclusters":           "no",
		"patch etcdclusters --subresource=status": "yes",
		"delete persistentvolumes":                "no",
		"delete persistentvolumeclaims":           "yes",
		"create clusterrolebindings":              "no",
		"list endpointslices.discovery.k8s.io":    "yes",
		"delete endpointslices.discovery.k8s.io":  "no",
		"patch nodes":                             "no",
		"delete nodes":                            "no",
	} {
		// The authorizer learns of new roles by a watch.
		answer := ""
		for deadline := time.Now().Add(10 * time.Second); answer != want && time.Now().Before(deadline); {
			answer = ask(t, question)
		}
		if answer != want {
			t.Errorf("may the operator %s? %q, want %q", question, answer, want)
		}
	}
}

// ask has the API server say whether the operator may do something in some
// namespace.
func ask(t *testing.T, question string) string {
	t.Helper()
	args := append([]string{"auth", "can-i", "-n", "somewhere", "--as", operatorAccount}, strings.Fields(question)...)
	out, _ := kubectl(t, "", args...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}

// TestSamples: every sample is accepted as it stands.
func TestSamples(t *testing.T) {
	namespace := makeNamespace(t, "samples")
	mustKubectl(t, "", "apply", "-n", namespace, "-k", filepath.Join(root, "config", "samples"))
}
