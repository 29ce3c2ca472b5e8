package v1alpha1

import corev1 "k8s.io/api/core/v1"

// BackupStore says where backups lie: one URL, and where the store asks for
// them, one Secret.
//
// +kubebuilder:validation:XValidation:rule=`self.url.startsWith('s3://') || (!has(self.endpoint) && !has(self.region) && !has(self.pathStyle)) || (has(self.endpoint) && !has(self.region) && !has(self.pathStyle) && !self.url.startsWith('volume://'))`,message="store.endpoint is for s3://, gs:// and azblob://, store.region and store.pathStyle are for s3:// alone; remove what the store has not"
// +kubebuilder:validation:XValidation:rule=`!self.url.startsWith('volume://') || !has(self.secretName)`,message="store.secretName has no effect on volume://, which asks for no credentials; remove it"
type BackupStore struct {
	// Where backups lie: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX,
	// azblob://CONTAINER/PREFIX, or volume://CLAIM/PREFIX for a
	// PersistentVolumeClaim of the same namespace. The prefix may be left out.
	// Each backup lies below it under NAMESPACE/CLUSTER/NAME. No credentials here:
	// they belong into a Secret.
	// +kubebuilder:validation:XValidation:rule=`self.matches('^(s3|gs|azblob|volume)://[a-z0-9][a-z0-9._-]*(/[A-Za-z0-9._-]+)*/?$') && !self.contains('/../') && !self.endsWith('/..') && !self.contains('/./')`,message="store.url must be s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, azblob://CONTAINER/PREFIX or volume://CLAIM/PREFIX, of letters, digits, dots, dashes and underscores"
	// +kubebuilder:validation:MaxLength=512
	// +required
	URL string `json:"url"`

	// Secret of the same namespace with the credentials: for s3:// the keys
	// access-key-id, secret-access-key and, where needed, session-token; for gs://
	// service-account.json; for azblob:// account-name and account-key or
	// sas-token. The key ca.crt, for any of them, has the authorities that signed
	// the store's certificate. Default: the identity that the cloud gives to the
	// ServiceAccount of the Jobs.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=253
	// +optional
	SecretName string `json:"secretName,omitempty"`

	// URL of the store's API, such as https://minio.example:9000. Default: the
	// cloud's own.
	// +kubebuilder:validation:XValidation:rule=`self.matches('^https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?$') || self.matches('^https?://[[][0-9a-fA-F:]+[]](:[0-9]{1,5})?(/[A-Za-z0-9._/-]*)?$')`,message="store.endpoint must be a URL such as https://minio.example:9000, without user, password and query"
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// Region of an S3 bucket, such as eu-central-1. Default: us-east-1.
	// +kubebuilder:validation:Pattern=`^[a-z0-9-]+$`
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Region string `json:"region,omitempty"`

	// Whether the bucket is named in the path of an S3 URL and not in its host, as
	// most stores but Amazon's want it. Default: false; true where `endpoint` is
	// set.
	// +optional
	PathStyle *bool `json:"pathStyle,omitempty"`
}

// BackupEncryption says for whom backups are encrypted, with age.
type BackupEncryption struct {
	// Secret of the same namespace with the key `recipients`: age public keys
	// (age1...), one on each line, any of whose owners can read the backup; and
	// the key `identities`: private keys (AGE-SECRET-KEY-1...) of one of them at
	// least, by which the backup is proven and restored.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	SecretName string `json:"secretName"`
}

// JobTemplate says how the pods of backup Jobs run.
type JobTemplate struct {
	// Labels that a node must have for the pods to run on it. Default: none.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// Taints of nodes that the pods put up with. Default: none.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// CPU and memory of each container. Default: requests of 100m CPU and 128Mi
	// memory, and no limits.
	// +optional
	Resources corev1.ResourceRequirements `json:"resources,omitzero"`

	// Name of the ServiceAccount of the pods, which a cloud may give an identity.
	// Default: that of the namespace. Its token is mounted only where this is set
	// and the store has no Secret.
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// Secrets of the same namespace with credentials for pulling the images.
	// Default: none.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`
}
