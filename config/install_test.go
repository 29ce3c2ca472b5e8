package config

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/internal/resource"
)

// TestNamespaceRestricted: the operator's namespace enforces restricted.
func TestNamespaceRestricted(t *testing.T) {
	namespaces := only(render(t, "default"), "Namespace")
	if len(namespaces) != 1 {
		t.Fatalf("%d namespaces, want 1", len(namespaces))
	}
	labels := namespaces[0].GetLabels()
	if labels["pod-security.kubernetes.io/enforce"] != "restricted" || labels["pod-security.kubernetes.io/enforce-version"] != "latest" {
		t.Errorf("the namespace does not enforce restricted: %v", labels)
	}
}

// TestContainersRestricted: what the restricted level asks for, and a read-only
// root besides. test/api lets a real API server judge it too.
func TestContainersRestricted(t *testing.T) {
	for _, folder := range kustomizations(t) {
		for _, o := range only(render(t, folder), "Deployment") {
			pod := typed[appsv1.Deployment](t, o).Spec.Template.Spec
			restrictedPod(t, folder, pod.SecurityContext)
			for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
				restrictedContainer(t, folder, c)
			}
		}
	}
}

func restrictedPod(t *testing.T, folder string, s *corev1.PodSecurityContext) {
	t.Helper()
	switch {
	case s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot:
		t.Errorf("%s: runAsNonRoot is not true", folder)
	case s.RunAsUser == nil || *s.RunAsUser == 0:
		t.Errorf("%s: the user is not numeric and not root", folder)
	case s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		t.Errorf("%s: the seccomp profile is not RuntimeDefault", folder)
	}
}

func restrictedContainer(t *testing.T, folder string, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	switch {
	case s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation:
		t.Errorf("%s: %s may escalate", folder, c.Name)
	case s.Privileged != nil && *s.Privileged:
		t.Errorf("%s: %s is privileged", folder, c.Name)
	case s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem:
		t.Errorf("%s: %s may write to its root", folder, c.Name)
	case s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}):
		t.Errorf("%s: %s keeps capabilities", folder, c.Name)
	}
	if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
		t.Errorf("%s: %s has no memory request or limit", folder, c.Name)
	}
	if c.LivenessProbe == nil || c.ReadinessProbe == nil {
		t.Errorf("%s: %s has no probes", folder, c.Name)
	}
}

// TestUninstallKeeps: uninstalling removes neither kinds nor a namespace, and
// leaves nothing of the operator.
func TestUninstallKeeps(t *testing.T) {
	removed := map[string]bool{}
	for _, o := range render(t, "uninstall") {
		removed[o.GetKind()+"/"+o.GetNamespace()+"/"+o.GetName()] = true
	}
	for _, o := range render(t, "default") {
		kept := o.GetKind() == "CustomResourceDefinition" || o.GetKind() == "Namespace"
		if name := o.GetKind() + "/" + o.GetNamespace() + "/" + o.GetName(); removed[name] == kept {
			t.Errorf("%s: removed %v, want %v", name, removed[name], !kept)
		}
	}
}

// TestNamespacedInstall: no kinds and no namespace of its own, everything in
// the one namespace, and the operator told to stay there.
func TestNamespacedInstall(t *testing.T) {
	objects := render(t, "namespaced")
	if found := only(objects, "CustomResourceDefinition", "Namespace"); len(found) > 0 {
		t.Errorf("brings %s %s", found[0].GetKind(), found[0].GetName())
	}
	for _, o := range objects {
		if !strings.HasPrefix(o.GetKind(), "Cluster") && o.GetNamespace() != "quorate" {
			t.Errorf("%s %s is in namespace %q", o.GetKind(), o.GetName(), o.GetNamespace())
		}
	}
	deployment := typed[appsv1.Deployment](t, only(objects, "Deployment")[0])
	if args := deployment.Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "--watch-namespaces=$(POD_NAMESPACE)") {
		t.Errorf("the operator is not told to stay in its namespace: %v", args)
	}
}

// TestRecommendedLabels: every object of an installation says what it is of.
func TestRecommendedLabels(t *testing.T) {
	for _, folder := range []string{"default", "namespaced", "monitoring"} {
		for _, o := range render(t, folder) {
			if labels := o.GetLabels(); labels["app.kubernetes.io/name"] != "quorate" || labels["app.kubernetes.io/part-of"] != "quorate" {
				t.Errorf("%s: %s %s lacks the recommended labels: %v", folder, o.GetKind(), o.GetName(), labels)
			}
		}
	}
}

// TestSelectorsHit: the Service and the Deployment select the operator's pods.
func TestSelectorsHit(t *testing.T) {
	objects := render(t, "default")
	deployment := typed[appsv1.Deployment](t, only(objects, "Deployment")[0])
	pod := deployment.Spec.Template.Labels
	service := typed[corev1.Service](t, only(objects, "Service")[0])
	for _, selector := range []map[string]string{deployment.Spec.Selector.MatchLabels, service.Spec.Selector} {
		for key, value := range selector {
			if pod[key] != value {
				t.Errorf("the selector wants %s=%s, the pods have %q", key, value, pod[key])
			}
		}
	}
}

// TestProject: kubebuilder's tools find the project and its kinds.
func TestProject(t *testing.T) {
	var project struct {
		Repo, Version string
		Layout        []string
		Resources     []struct{ Group, Kind, Version, Domain string }
	}
	if err := yaml.Unmarshal(read(t, "../PROJECT"), &project); err != nil {
		t.Fatal(err)
	}
	if project.Repo != "github.com/quorate/quorate" || project.Version != "3" || !slices.Contains(project.Layout, "go.kubebuilder.io/v4") {
		t.Errorf("not this project in layout v4: %+v", project)
	}
	kinds := map[string]bool{}
	for _, r := range project.Resources {
		kinds[r.Kind] = r.Group+"."+r.Domain == "etcd.quorate.dev" && r.Version == "v1alpha1"
	}
	for _, crd := range only(render(t, "crd"), "CustomResourceDefinition") {
		if kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind"); !kinds[kind] {
			t.Errorf("PROJECT does not know the kind %s", kind)
		}
	}
}

// TestOperatorReachesMembers: the members' NetworkPolicy opens the control port
// to these labels. Where policies are enforced, others would lock the operator
// out, and nothing would ever form.
func TestOperatorReachesMembers(t *testing.T) {
	for _, folder := range kustomizations(t) {
		for _, o := range only(render(t, folder), "Deployment") {
			labels := typed[appsv1.Deployment](t, o).Spec.Template.Labels
			for key, want := range resource.OperatorPodLabels() {
				if labels[key] != want {
					t.Errorf("%s: the operator's pods have %s=%q, the NetworkPolicy wants %q", folder, key, labels[key], want)
				}
			}
		}
	}
}
