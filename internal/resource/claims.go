package resource

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

// staleClaims says how the claim template of a live StatefulSet differs from
// what the spec asks for. Without a class in the spec every class will do.
func staleClaims(c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet) string {
	var found []string
	for _, t := range live.Spec.VolumeClaimTemplates {
		if t.Name != ClaimTemplate(Epoch(c)) {
			continue
		}
		want := c.Spec.Storage
		if have := t.Spec.Resources.Requests[corev1.ResourceStorage]; want.Size != nil && want.Size.Cmp(have) != 0 {
			found = append(found, fmt.Sprintf("storage.size is %s, the template says %s", want.Size, &have))
		}
		if have := t.Spec.StorageClassName; want.StorageClassName != nil && *want.StorageClassName != ptr.Deref(have, "") {
			found = append(found, fmt.Sprintf("storage.storageClassName is %s, the template says %s", *want.StorageClassName, ptr.Deref(have, "none")))
		}
	}
	return strings.Join(found, "; ")
}

// OfEpoch reports whether a StatefulSet makes volumes of the epoch that its cluster
// is in. One without volumes is of any.
func OfEpoch(c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet) bool {
	for _, t := range live.Spec.VolumeClaimTemplates {
		if t.Name != ClaimTemplate(Epoch(c)) {
			return false
		}
	}
	return true
}

// ClaimOwned reports whether a claim has the owner that it shall have: the
// EtcdCluster where the volumes go with it, otherwise no EtcdCluster.
func ClaimOwned(c *v1alpha1.EtcdCluster, claim *corev1.PersistentVolumeClaim) bool {
	owned := false
	for _, ref := range claim.OwnerReferences {
		if ref.Kind != v1alpha1.KindEtcdCluster {
			continue
		}
		if ref.UID != c.UID {
			return false
		}
		owned = true
	}
	return owned == (len(RetainedOwners(c)) > 0)
}
