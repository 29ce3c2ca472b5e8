package v1alpha1

import corev1 "k8s.io/api/core/v1"

// PodTemplate says what to add to each member's pod. A change restarts the
// members one after the other.
type PodTemplate struct {
	// Labels and annotations to add to each pod. Default: none.
	// +optional
	Metadata PodMetadata `json:"metadata,omitzero"`

	// Labels that a node must have for a member to run on it. Default: none.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// Taints of nodes that members put up with. Default: none.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// Rules that draw members to nodes and pods, or keep them apart. Default:
	// none; members are spread by `topologySpreadConstraints`.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// How to spread the members over nodes and zones. Default: never two members
	// on one node, and over zones as far as possible. What is given here replaces
	// both defaults. A constraint without `labelSelector` counts the members of
	// this cluster.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=topologyKey
	// +listMapKey=whenUnsatisfiable
	// +optional
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// CPU and memory of the member's container. Default: no requests and no
	// limits.
	// +optional
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`

	// Name of the PriorityClass of the pods. Default: that of the Kubernetes
	// cluster.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// Name of the scheduler that places the pods. Default: that of the Kubernetes
	// cluster.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	SchedulerName string `json:"schedulerName,omitempty"`

	// Name of the ServiceAccount of the pods. Default: that of the namespace.
	// Members never talk to Kubernetes: no token is mounted, whatever is named
	// here.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// Secrets of the same namespace with credentials for pulling the member's
	// image. Default: none.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// When to pull the member's image: Always, IfNotPresent or Never. Default:
	// IfNotPresent.
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	// +optional
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// Environment variables to add to the member's container. Default: none.
	// POD_NAME, POD_NAMESPACE and names that start with ETCD_ are Quorate's own.
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []corev1.EnvVar `json:"env,omitempty"`

	// Users, groups and kernel options of the pods. Default: non-root, user and
	// group 65532, the volume owned by that group, the runtime's seccomp profile.
	// What the restricted Pod Security level forbids is refused.
	// +optional
	SecurityContext *corev1.PodSecurityContext `json:"securityContext,omitempty"`

	// Time in seconds that a stopping member has to hand its leadership over and
	// close its files; between 10 and 600. Default: 30.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=600
	// +optional
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// Name of the RuntimeClass of the pods. Default: that of the nodes.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	RuntimeClassName *string `json:"runtimeClassName,omitempty"`
}

// PodMetadata holds labels and annotations for each pod.
type PodMetadata struct {
	// Labels to add. Default: none. Keys below etcd.quorate.dev and
	// app.kubernetes.io are Quorate's own.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// Annotations to add. Default: none. Keys below etcd.quorate.dev are
	// Quorate's own.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}
