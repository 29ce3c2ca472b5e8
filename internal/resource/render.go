package resource

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Renderer renders the objects of any cluster; it is the operator's settings.
type Renderer struct {
	// MemberImage is the member's image, with "{version}" for the etcd version.
	MemberImage string
	// OperatorNamespace is where the operator's pods are.
	OperatorNamespace string
}

// Rendered is what a cluster shall have, and what its spec asks for beyond.
type Rendered struct {
	Objects []Object
	// Lags are wishes that this release cannot bring to running members.
	Lags []string
}

// Render returns what a cluster of that many members shall have. live is its
// StatefulSet, or nil. Claim templates are immutable, so those of live stay.
// Once the cluster is formed the pod template of live stays too where the
// user's inputs changed: a pod that happens to restart must not be the first
// to try a change that nobody rolls out.
func (r Renderer) Render(c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet, formed bool, members int) Rendered {
	in := Inputs{
		Cluster:           c,
		Replicas:          int32(members), //nolint:gosec // at most 32
		Voters:            members,
		MemberImage:       strings.ReplaceAll(r.MemberImage, "{version}", c.Spec.Version),
		OperatorNamespace: r.OperatorNamespace,
	}
	out := Rendered{Objects: Objects(in)}
	if live == nil {
		return out
	}
	i := slices.IndexFunc(out.Objects, func(o Object) bool { _, ok := o.(*appsv1.StatefulSet); return ok })
	want := out.Objects[i].(*appsv1.StatefulSet)
	out.Lags = freeze(want, live, c, formed)
	out.Objects[i] = seal(want)
	return out
}

// freeze keeps of live what cannot change, and says what therefore lags.
func freeze(want, live *appsv1.StatefulSet, c *v1alpha1.EtcdCluster, formed bool) []string {
	var lags []string
	want.Spec.VolumeClaimTemplates = live.Spec.VolumeClaimTemplates
	spec := c.Spec.DeepCopy()
	if have, ok := claimSize(live); ok && spec.Storage.Size != nil && spec.Storage.Size.Cmp(have) != 0 {
		lags = append(lags, fmt.Sprintf("spec.storage.size is %s and the members' volumes have %s: growing them comes with a later release; set it back to %s.", spec.Storage.Size, &have, &have))
		spec.Storage.Size = &have
	}
	running := live.Spec.Template.Annotations[AnnotationConfigHash]
	if !formed || running == "" || running == RestartHash(c.Spec) {
		return lags
	}
	want.Spec.Template = live.Spec.Template
	if running == RestartHash(*spec) {
		return lags // nothing but the size, and what follows from it
	}
	return append(lags, changed(MemberImageOf(live.Spec.Template.Spec), c.Spec.Version))
}

// changed names the field that running members do not follow, as far as the
// image tells.
func changed(image, version string) string {
	if !strings.HasSuffix(image, version) {
		return fmt.Sprintf("spec.version is %s and the members run the image %s: rolling a change out comes with a later release; set it back.", version, image)
	}
	return "spec.etcd, spec.podTemplate or spec.tls changed since the members were started: rolling a change out comes with a later release; set it back. Until then the members keep what they run."
}

func claimSize(live *appsv1.StatefulSet) (size resource.Quantity, ok bool) {
	for _, t := range live.Spec.VolumeClaimTemplates {
		if t.Name == ClaimTemplate {
			size, ok = t.Spec.Resources.Requests[corev1.ResourceStorage]
			return size, ok
		}
	}
	return size, false
}

// MemberImageOf returns the image of the member container.
func MemberImageOf(spec corev1.PodSpec) string {
	for _, c := range spec.Containers {
		if c.Name == ContainerName {
			return c.Image
		}
	}
	return ""
}

// ClientHost returns the DNS name of the Service for clients, which every
// server certificate bears.
func ClientHost(c *v1alpha1.EtcdCluster) string {
	return ClientService(c.Name) + "." + c.Namespace + ".svc"
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

// HasLabels reports whether an object bears all these labels.
func HasLabels(o Object, labels map[string]string) bool {
	for k, v := range labels {
		if o.GetLabels()[k] != v {
			return false
		}
	}
	return true
}
