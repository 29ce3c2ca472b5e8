package resource

import (
	"fmt"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/quorate/quorate/api/v1alpha1"
)

// SurvivorRestore builds the EtcdRestore that spec.quorumLoss asks for. It is named
// after the moment from which on quorum is lost.
func SurvivorRestore(c *v1alpha1.EtcdCluster) *v1alpha1.EtcdRestore {
	since := ""
	if lost := apimeta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionQuorate); lost != nil {
		since = lost.LastTransitionTime.UTC().String()
	}
	r := &v1alpha1.EtcdRestore{}
	r.Namespace = c.Namespace
	r.Name = fmt.Sprintf("%.34s-survivor-%.8s", c.Name, digest([]string{c.Name, string(c.UID), since}))
	r.Labels = Selector(c.Name)
	r.OwnerReferences = Owners(c)
	r.Spec = v1alpha1.EtcdRestoreSpec{ClusterName: c.Name, Source: v1alpha1.RestoreFromSurvivor}
	return r
}
