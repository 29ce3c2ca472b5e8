package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/quorate/quorate/api/v1alpha1"
)

// inPlace is what of the spec can change on a pod that runs. Each pod bears
// what it has of it: others may add labels and resources of their own.
type inPlace struct {
	Labels      map[string]string           `json:"labels,omitempty"`
	Annotations map[string]string           `json:"annotations,omitempty"`
	Resources   corev1.ResourceRequirements `json:"resources,omitzero"`
}

func inPlaceOf(spec v1alpha1.EtcdClusterSpec) inPlace {
	user := spec.PodTemplate
	return inPlace{user.Metadata.Labels, user.Metadata.Annotations, resources(user.Resources)}
}

// bears is what a pod has of it; false when it does not say.
func bears(pod *corev1.Pod) (inPlace, bool) {
	var have inPlace
	err := json.Unmarshal([]byte(pod.Annotations[AnnotationInPlace]), &have)
	return have, err == nil
}

// PodDifference is how a pod differs from what the spec asks for, as clauses for
// people; what is empty does not differ.
type PodDifference struct {
	// Stale is what it has to restart for.
	Stale string
	// Adjust is what can be changed on it as it runs.
	Adjust string
	// Adjusting is what its node has not done yet of that.
	Adjusting string
}

// adjustable says what can change on a pod as it runs and, where that is not
// possible, what it has to restart for.
func (r Renderer) adjustable(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec) (adjust, restart string) {
	have, ok := bears(pod)
	want := inPlaceOf(spec)
	if !ok || equality.Semantic.DeepEqual(have, want) {
		return "", ""
	}
	var found []string
	if !maps.Equal(have.Labels, want.Labels) {
		found = append(found, "spec.podTemplate.metadata.labels")
	}
	if !maps.Equal(have.Annotations, want.Annotations) {
		found = append(found, "spec.podTemplate.metadata.annotations")
	}
	if !equality.Semantic.DeepEqual(have.Resources, want.Resources) {
		if why := r.unresizable(pod, have.Resources, want.Resources); why != "" {
			return "", fmt.Sprintf("spec.podTemplate.resources, which cannot change in place: %s", why)
		}
		found = append(found, "spec.podTemplate.resources")
	}
	return strings.Join(found, "; "), ""
}

// unresizable says why Kubernetes would not change resources in place.
func (r Renderer) unresizable(pod *corev1.Pod, have, want corev1.ResourceRequirements) string {
	if !r.ResizesPods {
		return "this Kubernetes does not do that"
	}
	if which, why, found := strings.Cut(pod.Annotations[AnnotationResizeRefused], " "); found && which == digest(want) {
		return why
	}
	if !equality.Semantic.DeepEqual(have.Claims, want.Claims) {
		return "a claim changes"
	}
	for _, amounts := range [2][2]corev1.ResourceList{{have.Requests, want.Requests}, {have.Limits, want.Limits}} {
		for _, name := range slices.Concat(slices.Collect(maps.Keys(amounts[0])), slices.Collect(maps.Keys(amounts[1]))) {
			was, before := amounts[0][name]
			is, after := amounts[1][name]
			switch {
			case before && !after:
				return fmt.Sprintf("%s is not asked for any more", name)
			case name != corev1.ResourceCPU && name != corev1.ResourceMemory && was.Cmp(is) != 0:
				return fmt.Sprintf("%s is neither processor nor memory", name)
			}
		}
	}
	now := memberContainer(pod.Spec).Resources
	if before, after := quality(now), quality(overlaid(now, want)); before != after {
		return fmt.Sprintf("the pod's quality of service would be %s, and it is %s", after, before)
	}
	return ""
}

func overlaid(now, want corev1.ResourceRequirements) corev1.ResourceRequirements {
	next := corev1.ResourceRequirements{Requests: corev1.ResourceList{}, Limits: corev1.ResourceList{}}
	for _, r := range [2]corev1.ResourceRequirements{now, want} {
		maps.Copy(next.Requests, r.Requests)
		maps.Copy(next.Limits, r.Limits)
	}
	return next
}

// quality is the class of a pod with one container.
func quality(r corev1.ResourceRequirements) corev1.PodQOSClass {
	guaranteed, some := true, false
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := r.Requests[name], r.Limits[name]
		some = some || !request.IsZero() || !limit.IsZero()
		if _, asked := r.Requests[name]; !asked {
			request = limit
		}
		guaranteed = guaranteed && !limit.IsZero() && request.Cmp(limit) == 0
	}
	switch {
	case guaranteed:
		return corev1.PodQOSGuaranteed
	case some:
		return corev1.PodQOSBurstable
	default:
		return corev1.PodQOSBestEffort
	}
}

// resizing says what a node makes of resources that were changed in place, and
// whether it never will.
func resizing(pod *corev1.Pod) (message string, never bool) {
	if seen := pod.Status.ObservedGeneration; seen != 0 && seen < pod.Generation {
		return "its node has not taken up yet what has changed on it", false
	}
	for _, c := range pod.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case corev1.PodResizePending:
			return fmt.Sprintf("its node does not give it spec.podTemplate.resources (%s): %s", c.Reason, c.Message), c.Reason == corev1.PodReasonInfeasible
		case corev1.PodResizeInProgress:
			return strings.TrimSpace("its resources are changing in place " + c.Message), false
		}
	}
	return "", false
}

// Adjusted returns the pod with the labels and annotations that the spec asks
// for, and without those that it asked for before.
func Adjusted(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec) *corev1.Pod {
	have, _ := bears(pod)
	want := inPlaceOf(spec)
	next := pod.DeepCopy()
	next.Labels = replaced(next.Labels, have.Labels, want.Labels)
	next.Annotations = replaced(next.Annotations, have.Annotations, want.Annotations)
	next.Annotations[AnnotationInPlace] = string(encode(want))
	return next
}

func replaced(all, before, after map[string]string) map[string]string {
	all = with(all, after)
	for key := range before {
		if _, stays := after[key]; !stays {
			delete(all, key)
		}
	}
	return all
}

// ResizeRefused returns the pod with a note that the API server refused to give
// it the resources that the spec asks for as it runs.
func ResizeRefused(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec, why string) *corev1.Pod {
	next := pod.DeepCopy()
	next.Annotations = with(next.Annotations, map[string]string{AnnotationResizeRefused: digest(Resources(spec)) + " " + why})
	return next
}

// Resources returns what the member's container shall have.
func Resources(spec v1alpha1.EtcdClusterSpec) corev1.ResourceRequirements {
	return resources(spec.PodTemplate.Resources)
}
