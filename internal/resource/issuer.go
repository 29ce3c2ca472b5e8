package resource

import (
	"cmp"
	"crypto/x509"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
)

// CertificateKind is cert-manager's Certificate. Its Go types would bring the
// whole of cert-manager's module with them, for the dozen fields below.
var CertificateKind = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}

// Sources returns the names of the Secrets that a cluster's certificates are
// read from; nil when Quorate makes them itself.
func Sources(cluster *v1alpha1.EtcdCluster) pki.Sources {
	switch tls := cluster.Spec.TLS; {
	case tls.Disabled:
		return nil
	case tls.SecretRefs != nil:
		return pki.Sources{pki.PeerSource: tls.SecretRefs.Peer, pki.ServerSource: tls.SecretRefs.Server, pki.ClientSource: tls.SecretRefs.Client}
	case tls.IssuerRef != nil:
		sources := pki.Sources{}
		for _, kind := range []pki.Kind{pki.PeerSource, pki.ServerSource, pki.ClientSource} {
			sources[kind] = kind.SecretName(cluster.Name)
		}
		return sources
	default:
		return nil
	}
}

// IssuedCertificates builds the Certificates that cert-manager is asked for;
// each bears the name of the Secret that it fills. None without an issuer.
func IssuedCertificates(cluster *v1alpha1.EtcdCluster, p pki.Plan) []*unstructured.Unstructured {
	if cluster.Spec.TLS.IssuerRef == nil {
		return nil
	}
	var all []*unstructured.Unstructured
	for _, kind := range p.Sources.Kinds() {
		all = append(all, issuedCertificate(cluster, p.Sources[kind], p.Wants(kind)))
	}
	return append(all, issuedCertificate(cluster, pki.ClientTLS.SecretName(cluster.Name), p.UserWants()))
}

func issuedCertificate(cluster *v1alpha1.EtcdCluster, name string, wants pki.Wants) *unstructured.Unstructured {
	ref := cluster.Spec.TLS.IssuerRef
	spec := map[string]any{
		"secretName": name,
		"commonName": wants.CommonName,
		"duration":   cmp.Or(duration(cluster.Spec.TLS.Validity), pki.DefaultValidity).String(),
		"usages":     usages(wants.Usages),
		"privateKey": map[string]any{"algorithm": "ECDSA", "size": int64(256), "encoding": "PKCS8", "rotationPolicy": "Always"},
		"issuerRef": map[string]any{
			"name": ref.Name, "kind": cmp.Or(ref.Kind, "Issuer"), "group": cmp.Or(ref.Group, CertificateKind.Group),
		},
		"secretTemplate": map[string]any{"labels": map[string]any{v1alpha1.LabelCluster: cluster.Name}},
	}
	if before := duration(cluster.Spec.TLS.RenewBefore); before > 0 {
		spec["renewBefore"] = before.Round(time.Second).String()
	}
	setList(spec, "dnsNames", wants.DNS)
	setList(spec, "ipAddresses", wants.IPs)

	certificate := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	certificate.SetGroupVersionKind(CertificateKind)
	certificate.SetName(name)
	certificate.SetNamespace(cluster.Namespace)
	certificate.SetLabels(Labels(cluster.Name))
	certificate.SetOwnerReferences(Owners(cluster))
	certificate.SetAnnotations(map[string]string{v1alpha1.AnnotationAppliedHash: ContentHash(certificate.DeepCopy())})
	return certificate
}

// usages names them as cert-manager does.
func usages(extended []x509.ExtKeyUsage) []any {
	names := []any{"digital signature"}
	for _, usage := range extended {
		if usage == x509.ExtKeyUsageClientAuth {
			names = append(names, "client auth")
		} else {
			names = append(names, "server auth")
		}
	}
	return names
}

func setList(spec map[string]any, field string, values []string) {
	if len(values) == 0 {
		return
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	spec[field] = list
}
