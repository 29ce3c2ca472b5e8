package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TLS says how clients and members prove who they are.
//
// +kubebuilder:validation:XValidation:rule=`!has(self.issuerRef) || !has(self.secretRefs)`,message="spec.tls.issuerRef and spec.tls.secretRefs exclude each other: certificates have one source; remove one of them"
// +kubebuilder:validation:XValidation:rule=`!has(self.disabled) || !self.disabled || (!has(self.issuerRef) && !has(self.secretRefs))`,message="spec.tls.issuerRef and spec.tls.secretRefs have no effect while spec.tls.disabled is true; remove them"
// +kubebuilder:validation:XValidation:rule=`!has(self.secretRefs) || (!has(self.validity) && !has(self.renewBefore))`,message="spec.tls.validity and spec.tls.renewBefore have no effect with spec.tls.secretRefs, whose certificates you renew; remove them"
// +kubebuilder:validation:XValidation:rule=`!has(self.disabled) || !self.disabled || (!has(self.validity) && !has(self.renewBefore))`,message="spec.tls.validity and spec.tls.renewBefore have no effect while spec.tls.disabled is true; remove them"
// +kubebuilder:validation:XValidation:rule=`!has(self.renewBefore) || ![self.renewBefore, has(self.validity) ? self.validity : '2160h'].all(d, size(d) > 0 && d.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$')) || duration(self.renewBefore) < duration(has(self.validity) ? self.validity : '2160h')`,fieldPath=".renewBefore",message="spec.tls.renewBefore must be less than spec.tls.validity (2160h when that is not set); lower it"
type TLS struct {
	// Serve clients and peers in plain text, without any authentication: whoever
	// reaches the ports can read, change and delete everything. Default: false.
	// This release cannot change it later.
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// A cert-manager issuer that signs the certificates of clients and peers,
	// instead of Quorate's own authorities. Default: none. Cannot be set, changed
	// or removed once the cluster exists.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`

	// Certificates of your own for clients and peers, in Secrets of the same
	// namespace, instead of Quorate's. Default: none. Cannot be set, changed or
	// removed once the cluster exists; what the Secrets hold may be renewed at any
	// time, under the same authority.
	// +optional
	SecretRefs *SecretReferences `json:"secretRefs,omitempty"`

	// How long a certificate for a member or a client is valid, or asked for from
	// `issuerRef`, in hours, minutes and seconds such as 8760h; between 1h and 87600h. Default: 2160h (90 days).
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1h') && duration(self) <= duration('87600h')`,message="spec.tls.validity must be between 1h and 87600h, in hours, minutes and seconds such as 8760h"
	// +optional
	Validity *metav1.Duration `json:"validity,omitempty"`

	// How long before its end a certificate is renewed, such as 720h; at least
	// 10m and less than `validity`. Default: a third of `validity`. Renewing
	// restarts nothing.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('10m') && duration(self) <= duration('87600h')`,message="spec.tls.renewBefore must be between 10m and 87600h, in hours, minutes and seconds such as 720h"
	// +optional
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// How long clients have to take up new authorities when Quorate's own are
	// replaced, such as 72h, and then again to give up the old; between 1s and
	// 8760h. Default: 24h.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$`
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]{1,5}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$') && size(self) > 0 && duration(self) >= duration('1s') && duration(self) <= duration('8760h')`,message="spec.tls.authorityGrace must be between 1s and 8760h, in hours, minutes and seconds such as 72h"
	// +optional
	AuthorityGrace *metav1.Duration `json:"authorityGrace,omitempty"`
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
// ca.crt, tls.crt and tls.key. Each ca.crt holds the authorities that signed
// tls.crt; that of `client` also those of every other client that is let in.
type SecretReferences struct {
	// Secret with the certificate that members show to each other, for
	// *.NAME-peers.NAMESPACE.svc, good for servers and for clients.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Peer string `json:"peer"`

	// Secret with the certificate that members show to clients, for
	// *.NAME-peers.NAMESPACE.svc and NAME-client.NAMESPACE.svc.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Server string `json:"server"`

	// Secret with the client certificate that Quorate uses. With etcd's own
	// authentication on, its common name must be root.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Client string `json:"client"`
}
