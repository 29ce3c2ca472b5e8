package resource

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
)

const (
	volumeTLS    = "tls"
	secretMode   = 0o440 // the group reads: fsGroup
	defaultGrace = 30
)

func podTemplate(in Inputs) corev1.PodTemplateSpec {
	user := in.Cluster.Spec.PodTemplate
	own := with(Labels(in.Cluster.Name), servingSelector(in.Cluster.Name))
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{
			Labels: with(user.Metadata.Labels, own),
			Annotations: with(user.Metadata.Annotations, map[string]string{
				AnnotationConfigHash: RestartHash(in.Cluster.Spec),
				AnnotationInputs:     string(encode(inputsOf(in.Cluster.Spec))),
				AnnotationInPlace:    string(encode(inPlaceOf(in.Cluster.Spec))),
				// kubectl logs and exec need no -c, whatever is injected.
				"kubectl.kubernetes.io/default-container": ContainerName,
			}),
		},
		Spec: podSpec(in),
	}
}

func podSpec(in Inputs) corev1.PodSpec {
	user := in.Cluster.Spec.PodTemplate
	return corev1.PodSpec{
		Containers:                    []corev1.Container{container(in)},
		Volumes:                       volumes(in),
		SecurityContext:               podSecurity(user.SecurityContext),
		AutomountServiceAccountToken:  ptr.To(false),
		EnableServiceLinks:            ptr.To(false),
		TerminationGracePeriodSeconds: ptr.To(ptr.Deref(user.TerminationGracePeriodSeconds, defaultGrace)),
		TopologySpreadConstraints:     spread(in.Cluster),
		NodeSelector:                  user.NodeSelector,
		Tolerations:                   user.Tolerations,
		Affinity:                      user.Affinity,
		PriorityClassName:             user.PriorityClassName,
		SchedulerName:                 user.SchedulerName,
		ServiceAccountName:            user.ServiceAccountName,
		ImagePullSecrets:              user.ImagePullSecrets,
		RuntimeClassName:              user.RuntimeClassName,
	}
}

func container(in Inputs) corev1.Container {
	user := in.Cluster.Spec.PodTemplate
	pull := user.ImagePullPolicy
	if pull == "" {
		pull = corev1.PullIfNotPresent
	}
	return corev1.Container{
		Name:            ContainerName,
		Image:           in.MemberImage,
		ImagePullPolicy: pull,
		Args:            memberArgs(in.Cluster),
		Env:             environment(user),
		Ports:           containerPorts(),
		Resources:       resources(user.Resources),
		VolumeMounts: []corev1.VolumeMount{
			{Name: ClaimTemplate(Epoch(in.Cluster)), MountPath: mountData},
			{Name: volumeTLS, MountPath: mountTLS, ReadOnly: true},
		},
		// Every second: a member that stops says so here first, and the sooner
		// its endpoint is gone the fewer clients wait for it.
		ReadinessProbe: probe("/readyz", 1, 1, 3),
		// Generous: it speaks for the agent only, never for the quorum.
		LivenessProbe:   probe("/livez", 10, 5, 6),
		SecurityContext: containerSecurity(),
	}
}

func memberArgs(cluster *v1alpha1.EtcdCluster) []string {
	mode := "mtls"
	if cluster.Spec.TLS.Disabled {
		mode = "disabled"
	}
	args := []string{
		"run",
		"--name=$(POD_NAME)",
		"--namespace=$(POD_NAMESPACE)",
		"--cluster=" + cluster.Name,
		"--peers-service=" + PeersService(cluster.Name),
		"--client-service=" + ClientService(cluster.Name),
		"--data=" + mountData,
		"--tls=" + mountTLS,
		"--client-tls=" + mode,
		"--peer-tls=" + mode,
	}
	if len(Sources(cluster)) > 0 {
		args = append(args, "--shared-authority") // somebody else's: it may sign for others
	}
	return append(args, etcdArgs(EtcdSettings(cluster.Spec))...)
}

// environment puts ours before the user's, who may override GOMEMLIMIT but not
// who the member is. A name must not occur twice: it is the key of the list.
func environment(user v1alpha1.PodTemplate) []corev1.EnvVar {
	env := []corev1.EnvVar{fieldEnv("POD_NAME", "metadata.name"), fieldEnv("POD_NAMESPACE", "metadata.namespace")}
	if _, limited := user.Resources.Limits[corev1.ResourceMemory]; limited && !hasEnv(user.Env, "GOMEMLIMIT") {
		env = append(env, corev1.EnvVar{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{
			ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"},
		}})
	}
	for _, e := range user.Env {
		if !hasEnv(env, e.Name) {
			env = append(env, e)
		}
	}
	return env
}

func hasEnv(env []corev1.EnvVar, name string) bool {
	return slices.ContainsFunc(env, func(e corev1.EnvVar) bool { return e.Name == name })
}

func fieldEnv(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func containerPorts() []corev1.ContainerPort {
	port := func(name string, number int32) corev1.ContainerPort {
		return corev1.ContainerPort{Name: name, ContainerPort: number, Protocol: corev1.ProtocolTCP}
	}
	return []corev1.ContainerPort{
		port(portNameClient, PortClient), port(portNamePeer, PortPeer),
		port(portNameMetrics, PortMetrics), port(portNameControl, PortControl),
	}
}

// resources requests a little where the user says nothing at all: a pod
// without any request is the first that a full node kills.
func resources(user corev1.ResourceRequirements) corev1.ResourceRequirements {
	if len(user.Requests)+len(user.Limits)+len(user.Claims) > 0 {
		return user
	}
	return corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("100m"),
		corev1.ResourceMemory: resource.MustParse("256Mi"),
	}}
}

func probe(path string, period, timeout, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromInt32(PortMetrics), Scheme: corev1.URISchemeHTTP,
		}},
		PeriodSeconds: period, TimeoutSeconds: timeout, FailureThreshold: failures,
	}
}

// volumes returns the pod's own volumes. The StatefulSet adds the claim's.
func volumes(in Inputs) []corev1.Volume {
	all := []corev1.Volume{{Name: volumeTLS, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: pki.MemberTLS.SecretName(in.Cluster.Name), DefaultMode: ptr.To[int32](secretMode),
	}}}}
	if in.Cluster.Spec.Storage.Ephemeral != nil {
		all = append(all, corev1.Volume{Name: ClaimTemplate(Epoch(in.Cluster)), VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	}
	return all
}
