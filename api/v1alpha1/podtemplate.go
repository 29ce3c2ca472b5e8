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

	// CPU and memory of the member's container. Default: requests of 100m CPU and
	// 256Mi memory, and no limits.
	// +optional
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`

	// Name of the PriorityClass of the pods. Default: that of the Kubernetes
	// cluster.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MaxLength=253
	// +optional
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// Name of the scheduler that places the pods. Default: that of the Kubernetes
	// cluster.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MaxLength=253
	// +optional
	SchedulerName string `json:"schedulerName,omitempty"`

	// Name of the ServiceAccount of the pods. Default: that of the namespace.
	// Members never talk to Kubernetes: no token is mounted, whatever is named
	// here.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
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
	// +kubebuilder:validation:XValidation:rule=`self.all(e, !(e.name in ['POD_NAME', 'POD_NAMESPACE']) && !e.name.startsWith('ETCD_') && !e.name.startsWith('QUORATE_'))`,message="spec.podTemplate.env must not set POD_NAME, POD_NAMESPACE, or names that start with ETCD_ or QUORATE_, which are Quorate's own; use spec.etcd for settings of etcd"
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []corev1.EnvVar `json:"env,omitempty"`

	// Users, groups and kernel options of the pods. Default: non-root, user and
	// group 65532, the volume owned by that group, the runtime's seccomp profile.
	// What the restricted Pod Security level forbids is refused.
	// +kubebuilder:validation:XValidation:rule=`!has(self.runAsNonRoot) || self.runAsNonRoot`,fieldPath=".runAsNonRoot",message="spec.podTemplate.securityContext.runAsNonRoot must not be false, which the restricted Pod Security level forbids; remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.runAsUser) || self.runAsUser > 0`,fieldPath=".runAsUser",message="spec.podTemplate.securityContext.runAsUser must not be 0, which the restricted Pod Security level forbids; use another user or remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.seccompProfile) || self.seccompProfile.type != 'Unconfined'`,fieldPath=".seccompProfile",message="spec.podTemplate.securityContext.seccompProfile.type must not be Unconfined, which the restricted Pod Security level forbids; use RuntimeDefault or remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.appArmorProfile) || self.appArmorProfile.type != 'Unconfined'`,fieldPath=".appArmorProfile",message="spec.podTemplate.securityContext.appArmorProfile.type must not be Unconfined, which the restricted Pod Security level forbids; use RuntimeDefault or remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.sysctls) || size(self.sysctls) == 0`,fieldPath=".sysctls",message="spec.podTemplate.securityContext.sysctls is not supported by this release of Quorate; remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.windowsOptions)`,fieldPath=".windowsOptions",message="spec.podTemplate.securityContext.windowsOptions must not be set, because members run on Linux; remove it"
	// +kubebuilder:validation:XValidation:rule=`!has(self.seLinuxOptions) || ((!has(self.seLinuxOptions.user) || self.seLinuxOptions.user == '') && (!has(self.seLinuxOptions.role) || self.seLinuxOptions.role == '') && (!has(self.seLinuxOptions.type) || self.seLinuxOptions.type in ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']))`,fieldPath=".seLinuxOptions",message="spec.podTemplate.securityContext.seLinuxOptions must not set a user, a role, or a type other than container_t, container_init_t, container_kvm_t or container_engine_t, which the restricted Pod Security level forbids; remove them"
	// +optional
	SecurityContext *corev1.PodSecurityContext `json:"securityContext,omitempty"`

	// Time in seconds that a stopping member has to hand its leadership over and
	// close its files; between 10 and 600. Default: 30.
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=600
	// +optional
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// Name of the RuntimeClass of the pods. Default: that of the nodes.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	RuntimeClassName *string `json:"runtimeClassName,omitempty"`
}

// PodMetadata holds labels and annotations for each pod.
type PodMetadata struct {
	// Labels to add. Default: none. Keys below etcd.quorate.dev and
	// app.kubernetes.io are Quorate's own.
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('etcd.quorate.dev/') && !k.startsWith('app.kubernetes.io/'))`,message="spec.podTemplate.metadata.labels must not set keys below etcd.quorate.dev/ or app.kubernetes.io/, which are Quorate's own; choose another key"
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('apps.kubernetes.io/') && !k.startsWith('statefulset.kubernetes.io/') && k != 'controller-revision-hash')`,message="spec.podTemplate.metadata.labels must not set keys that StatefulSets own; choose another key"
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// Annotations to add. Default: none. Keys below etcd.quorate.dev are
	// Quorate's own.
	// +kubebuilder:validation:XValidation:rule=`self.all(k, !k.startsWith('etcd.quorate.dev/'))`,message="spec.podTemplate.metadata.annotations must not set keys below etcd.quorate.dev/, which are Quorate's own; choose another key"
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}
