package resource

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
)

// keepTemplate keeps the pod template of the live StatefulSet where the user's
// inputs changed. One that no pod was made from, while pods were made from
// what the spec says, is left behind: the wish was taken back.
func keepTemplate(want *appsv1.StatefulSet, p Present) {
	if p.StatefulSet == nil {
		return
	}
	live, asked := p.StatefulSet.Spec.Template.Annotations[AnnotationConfigHash], want.Spec.Template.Annotations[AnnotationConfigHash]
	if live == "" || live == asked || madeFrom(p.Pods, asked) && !madeFrom(p.Pods, live) {
		return
	}
	want.Spec.Template = p.StatefulSet.Spec.Template
}

func madeFrom(pods []*corev1.Pod, hash string) bool {
	return slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return p.Annotations[AnnotationConfigHash] == hash })
}

// lags says what of the spec the template does not follow or, where it was
// made anew from the spec, what the running pods do not.
func lags(want *appsv1.StatefulSet, spec v1alpha1.EtcdClusterSpec, pods []*corev1.Pod) []string {
	template := want.Spec.Template
	if !follows(template.Annotations[AnnotationConfigHash], template.Spec, spec) {
		return []string{changed(MemberImageOf(template.Spec), spec.Version)}
	}
	for _, pod := range pods {
		if hash := pod.Annotations[AnnotationConfigHash]; hash != "" && !follows(hash, pod.Spec, spec) {
			return []string{changed(MemberImageOf(pod.Spec), spec.Version)}
		}
	}
	return nil
}

// follows reports whether what was rendered under that hash is what the spec
// asks for. A default quota that is smaller than today's is: it follows the
// size of the volumes, at the next restart, and is no wish of its own.
func follows(hash string, running corev1.PodSpec, spec v1alpha1.EtcdClusterSpec) bool {
	if hash == RestartHash(spec) {
		return true
	}
	quota := renderedQuota(running)
	if spec.Etcd.QuotaBackend != nil || quota <= 0 || quota > QuotaBackendBytes(spec) {
		return false
	}
	was := spec.DeepCopy()
	was.Etcd.QuotaBackend = resource.NewQuantity(quota, resource.BinarySI)
	return hash == RestartHash(*was)
}

// renderedQuota reads the quota that a member was started with; zero when it
// cannot be read.
func renderedQuota(running corev1.PodSpec) int64 {
	for _, arg := range memberContainer(running).Args {
		if text, ok := strings.CutPrefix(arg, "--etcd=quota-backend-bytes="); ok {
			if quota, err := strconv.ParseInt(text, 10, 64); err == nil {
				return quota
			}
		}
	}
	return 0
}

// changed names the field that running members do not follow, as far as the
// image tells.
func changed(image, version string) string {
	if !strings.HasSuffix(image, version) {
		return fmt.Sprintf("spec.version is %s and the members run the image %s: rolling a change out comes with a later release; set it back.", version, image)
	}
	return "spec.etcd, spec.podTemplate or spec.tls changed since the members were started: rolling a change out comes with a later release; set it back. Until then the members keep what they run."
}
