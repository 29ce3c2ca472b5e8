package resource

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
)

// PKIPlan returns the PKI that a cluster should have, valid under the given
// cluster domains.
func PKIPlan(cluster *v1alpha1.EtcdCluster, domains []string) pki.Plan {
	return pki.Plan{
		Cluster:       cluster.Name,
		Namespace:     cluster.Namespace,
		PeersService:  PeersService(cluster.Name),
		ClientService: ClientService(cluster.Name),
		Domains:       domains,
		Disabled:      cluster.Spec.TLS.Disabled,
		Sources:       Sources(cluster),
		Members:       int(cluster.Spec.Replicas),
		Restores:      Restores(cluster),
		Validity:      duration(cluster.Spec.TLS.Validity),
		RenewBefore:   duration(cluster.Spec.TLS.RenewBefore),
	}
}

// Secret builds one Secret of the cluster's PKI. The authorities follow the
// volumes: where those are kept, the same manifest applied again must find the
// authorities that its members and clients trust.
func Secret(cluster *v1alpha1.EtcdCluster, kind pki.Kind, content pki.Content) *corev1.Secret {
	secret := &corev1.Secret{
		TypeMeta:   typeMeta("v1", "Secret"),
		ObjectMeta: meta(Inputs{Cluster: cluster}, kind.SecretName(cluster.Name)),
		Type:       corev1.SecretTypeOpaque,
		Data:       content,
	}
	if kind.IsKubernetesTLS() {
		secret.Type = corev1.SecretTypeTLS
	}
	if kind.IsCA() {
		secret.OwnerReferences = RetainedOwners(cluster)
	}
	return seal(secret)
}

func duration(d *metav1.Duration) time.Duration {
	if d == nil {
		return 0
	}
	return d.Duration
}
