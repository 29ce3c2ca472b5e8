package resource

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// valueValidation is the component of pods that validate a change.
const valueValidation = "validation"

// ValidatorSelector selects the pods that validate changes of a cluster.
func ValidatorSelector(cluster string) map[string]string {
	return map[string]string{labelComponent: valueValidation, v1alpha1.LabelCluster: cluster}
}

// ValidatorName is the name of the pod that validates what is wanted: the short
// hash that Rendered.Wanted gives.
func ValidatorName(cluster, wanted string) string { return cluster + "-validate-" + wanted }

// Validator builds the pod that asks the image of a StatefulSet to come whether
// it accepts the settings that members would be started with. It runs where
// they would, as far as that needs no volume, and ends by itself. It leaves a
// node that is lost at once: whoever comes after asks elsewhere.
func Validator(c *v1alpha1.EtcdCluster, wanted string, next *appsv1.StatefulSet) *corev1.Pod {
	spec := *next.Spec.Template.Spec.DeepCopy()
	container := memberContainer(spec)
	container.Args = append([]string{"validate"}, slices.DeleteFunc(container.Args, func(arg string) bool { return arg == "run" })...)
	container.Ports, container.VolumeMounts, container.ReadinessProbe, container.LivenessProbe = nil, nil, nil, nil
	container.Resources = corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi"),
	}}
	container.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	spec.Containers, spec.Volumes = []corev1.Container{container}, nil
	spec.RestartPolicy, spec.TopologySpreadConstraints, spec.Affinity = corev1.RestartPolicyNever, nil, nil
	spec.TerminationGracePeriodSeconds = ptr.To[int64](0)
	for _, taint := range []string{corev1.TaintNodeUnreachable, corev1.TaintNodeNotReady} {
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
			Key: taint, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](0),
		})
	}
	return &corev1.Pod{
		TypeMeta: typeMeta("v1", "Pod"),
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: ValidatorName(c.Name, wanted), OwnerReferences: Owners(c),
			Labels: with(Labels(c.Name), ValidatorSelector(c.Name)),
		},
		Spec: spec,
	}
}
