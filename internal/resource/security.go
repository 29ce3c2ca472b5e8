package resource

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// nonRoot is the user and group of both images.
const nonRoot int64 = 65532

// podSecurity is what the restricted level of Pod Security asks for, with
// whatever the user sets in its place, field by field.
func podSecurity(user *corev1.PodSecurityContext) *corev1.PodSecurityContext {
	security := &corev1.PodSecurityContext{}
	if user != nil {
		security = user.DeepCopy()
	}
	setDefault(&security.RunAsNonRoot, true)
	setDefault(&security.RunAsUser, nonRoot)
	setDefault(&security.RunAsGroup, nonRoot)
	setDefault(&security.FSGroup, nonRoot)
	// Always would walk the whole volume at each start.
	setDefault(&security.FSGroupChangePolicy, corev1.FSGroupChangeOnRootMismatch)
	setDefault(&security.SeccompProfile, corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault})
	return security
}

// containerSecurity leaves users and groups to the pod.
func containerSecurity() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

func setDefault[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
