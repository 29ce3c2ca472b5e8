package resource_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/resource"
)

func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = kresource.MustParse(pairs[i+1])
	}
	return list
}

// What can change on a pod as it runs restarts nobody; what Kubernetes would
// refuse to change there does, and is told why.
func TestInPlace(t *testing.T) {
	for _, tc := range []struct {
		name          string
		had           corev1.ResourceRequirements
		change        func(*v1alpha1.PodTemplate)
		adjust, stale string
	}{
		{"nothing", corev1.ResourceRequirements{}, func(*v1alpha1.PodTemplate) {}, "", ""},
		{"labels", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) { p.Metadata.Labels = map[string]string{"team": "b"} }, "spec.podTemplate.metadata.labels", ""},
		{"annotations", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) { p.Metadata.Annotations = map[string]string{"a": "b"} }, "spec.podTemplate.metadata.annotations", ""},
		{"more requests", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) { p.Resources.Requests = amounts("cpu", "1", "memory", "1Gi") }, "spec.podTemplate.resources", ""},
		{"the default written out", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) { p.Resources.Requests = amounts("cpu", "0.1", "memory", "256Mi") }, "", ""},
		{"limits as well", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) {
			p.Resources = corev1.ResourceRequirements{Requests: amounts("cpu", "100m", "memory", "256Mi"), Limits: amounts("memory", "1Gi")}
		}, "spec.podTemplate.resources", ""},
		{"labels and resources", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) {
			p.Metadata.Labels, p.Resources.Requests = map[string]string{"team": "b"}, amounts("cpu", "1", "memory", "1Gi")
		}, "spec.podTemplate.metadata.labels; spec.podTemplate.resources", ""},
		{"another class of service", corev1.ResourceRequirements{}, func(p *v1alpha1.PodTemplate) {
			p.Resources = corev1.ResourceRequirements{Requests: amounts("cpu", "1", "memory", "1Gi"), Limits: amounts("cpu", "1", "memory", "1Gi")}
		}, "", "would be Guaranteed, and it is Burstable"},
		{"a limit is taken away", corev1.ResourceRequirements{Requests: amounts("cpu", "1"), Limits: amounts("memory", "1Gi")}, func(p *v1alpha1.PodTemplate) {
			p.Resources = corev1.ResourceRequirements{Requests: amounts("cpu", "1")}
		}, "", "memory is not asked for any more"},
		{"a device", corev1.ResourceRequirements{Requests: amounts("cpu", "1")}, func(p *v1alpha1.PodTemplate) {
			p.Resources = corev1.ResourceRequirements{Requests: amounts("cpu", "1"), Limits: amounts("ephemeral-storage", "1Gi")}
		}, "", "neither processor nor memory"},
	} {
		c := inputs().Cluster
		c.Spec.PodTemplate.Resources = tc.had
		live := set(t, renderer.Render(c, resource.Present{Replicas: 1}))
		p := resource.Present{StatefulSet: live, Formed: true, Pods: []*corev1.Pod{podOf(live)}}
		tc.change(&c.Spec.PodTemplate)
		got := renderer.Render(c, p).Pods[0]
		if got.Adjust != tc.adjust || (got.Stale == "") != (tc.stale == "") || !strings.Contains(got.Stale, tc.stale) {
			t.Errorf("%s: %+v, want to adjust %q, and to restart for %q", tc.name, got, tc.adjust, tc.stale)
		}
		next := set(t, renderer.Render(c, p))
		if again := renderer.Render(c, resource.Present{StatefulSet: next, Formed: true, Pods: []*corev1.Pod{podOf(next)}}); again.Changes != "" || again.Pods[0] != (resource.PodDifference{}) {
			t.Errorf("%s: a pod of the new template differs: %+v", tc.name, again.Pods[0])
		}
		old := renderer
		old.ResizesPods = false
		if d := old.Render(c, p).Pods[0]; strings.Contains(tc.adjust, "resources") && (d.Adjust != "" || !strings.Contains(d.Stale, "does not do that")) {
			t.Errorf("%s, where pods cannot be resized: %+v", tc.name, d)
		}
	}
}

// Labels of others stay, those that the spec gave up go.
func TestAdjusted(t *testing.T) {
	c := inputs().Cluster
	c.Spec.PodTemplate.Metadata = v1alpha1.PodMetadata{Labels: map[string]string{"team": "a", "tier": "x"}, Annotations: map[string]string{"note": "1"}}
	live := set(t, renderer.Render(c, resource.Present{Replicas: 1}))
	pod := podOf(live)
	pod.Labels["sidecar.example/injected"] = "yes"
	pod.Labels[v1alpha1.LabelServing] = "false"
	c.Spec.PodTemplate.Metadata = v1alpha1.PodMetadata{Labels: map[string]string{"team": "b"}}
	next := resource.Adjusted(pod, c.Spec)
	for key, want := range map[string]string{"team": "b", "tier": "", "sidecar.example/injected": "yes", v1alpha1.LabelServing: "false", v1alpha1.LabelCluster: c.Name} {
		if got := next.Labels[key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
	if _, there := next.Annotations["note"]; there {
		t.Error("an annotation that the spec gave up is still there")
	}
	p := resource.Present{StatefulSet: live, Formed: true, Pods: []*corev1.Pod{next}}
	if d := renderer.Render(c, p).Pods[0]; d != (resource.PodDifference{}) {
		t.Errorf("adjusted, it still differs: %+v", d)
	}
}

// A node that never can give what is asked for leaves a restart as the way; one
// that cannot yet is waited for.
func TestResizePending(t *testing.T) {
	for reason, want := range map[string]resource.PodDifference{
		corev1.PodReasonInfeasible: {Stale: "its node does not give it spec.podTemplate.resources (Infeasible): too much"},
		corev1.PodReasonDeferred:   {Adjusting: "its node does not give it spec.podTemplate.resources (Deferred): too much"},
	} {
		c, p := formed(t)
		p.Pods[0].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: reason, Message: "too much"}}
		if got := renderer.Render(c, p).Pods[0]; got != want {
			t.Errorf("%s: %+v, want %+v", reason, got, want)
		}
	}
}

// Until the node has seen a change nothing is known of it.
func TestResizeUnseen(t *testing.T) {
	c, p := formed(t)
	p.Pods[0].Generation, p.Pods[0].Status.ObservedGeneration = 2, 1
	if d := renderer.Render(c, p).Pods[0]; d.Adjusting == "" || d.Stale != "" {
		t.Errorf("unseen: %+v", d)
	}
	p.Pods[0].Status.ObservedGeneration = 2
	if d := renderer.Render(c, p).Pods[0]; d != (resource.PodDifference{}) {
		t.Errorf("seen: %+v", d)
	}
}

// What the API server has refused once is not asked for again, until it is
// something else.
func TestResizeRefused(t *testing.T) {
	c, p := formed(t)
	c.Spec.PodTemplate.Resources.Requests = amounts("cpu", "5000", "memory", "1Gi")
	p.Pods[0] = resource.ResizeRefused(p.Pods[0], c.Spec, "node did not have enough")
	if d := renderer.Render(c, p).Pods[0]; d.Adjust != "" || !strings.Contains(d.Stale, "node did not have enough") {
		t.Errorf("refused: %+v", d)
	}
	c.Spec.PodTemplate.Resources.Requests = amounts("cpu", "1", "memory", "1Gi")
	if d := renderer.Render(c, p).Pods[0]; d.Adjust != "spec.podTemplate.resources" || d.Stale != "" {
		t.Errorf("something else: %+v", d)
	}
}
