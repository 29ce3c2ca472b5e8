package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TLS says how clients and members prove who they are.
type TLS struct {
	// Serve clients and peers in plain text, without any authentication: whoever
	// reaches the ports can read, change and delete everything. Default: false.
	// This release cannot change it later.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// A cert-manager issuer that signs the certificates, instead of Quorate's own
	// authorities. Default: none.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`

	// Certificates of your own, in Secrets of the same namespace, instead of
	// Quorate's. Default: none.
	// +optional
	SecretRefs *SecretReferences `json:"secretRefs,omitempty"`

	// How long a certificate for a member or a client is valid, in hours, minutes
	// and seconds such as 8760h; between 1h and 87600h. Default: 8760h (one
	// year).
	// +optional
	Validity *metav1.Duration `json:"validity,omitempty"`

	// How long before its end a certificate is renewed, such as 720h; at least
	// 10m and less than `validity`. Default: a third of `validity`. Renewing
	// restarts nothing.
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`
}

// IssuerReference names a cert-manager issuer.
type IssuerReference struct {
	// Name of the issuer.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`

	// Issuer, in the same namespace, or ClusterIssuer. Default: Issuer.
	// +kubebuilder:validation:Enum=Issuer;ClusterIssuer
	// +kubebuilder:default=Issuer
	// +optional
	Kind string `json:"kind,omitempty"`

	// API group of the issuer. Default: cert-manager.io.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:default="cert-manager.io"
	// +optional
	Group string `json:"group,omitempty"`
}

// SecretReferences names Secrets of the same namespace, each with the keys
// ca.crt, tls.crt and tls.key.
type SecretReferences struct {
	// Secret with the certificate that members show to each other.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Peer string `json:"peer"`

	// Secret with the certificate that members show to clients.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Server string `json:"server"`

	// Secret with the client certificate that Quorate uses.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Client string `json:"client"`
}
