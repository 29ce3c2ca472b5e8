package resource

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Renderer renders the objects of any cluster; it is the operator's settings.
type Renderer struct {
	// MemberImage is the member's image, with "{version}" for the etcd version.
	MemberImage string
	// OperatorNamespace is where the operator's pods are.
	OperatorNamespace string
	// ResizesPods: this Kubernetes changes the resources of pods that run.
	ResizesPods bool
}

// Present is what there is of a cluster already.
type Present struct {
	// StatefulSet is the cluster's own, or nil.
	StatefulSet *appsv1.StatefulSet
	// Pods are those of the members.
	Pods []*corev1.Pod
	// Formed: the cluster was ever formed.
	Formed bool
	// Replicas is how many pods a StatefulSet runs that is made anew. One that
	// lives keeps its own number: only the planner changes it.
	Replicas int
	// Voters is how many voters the cluster has, for all that is known.
	Voters int
	// Smallest is the size of the smallest volume of a member; nil when there
	// is none. The default quota follows it: a volume that is to grow has not
	// grown yet.
	Smallest *resource.Quantity
}

// Rendered is what a cluster shall have, and what its spec asks for beyond.
type Rendered struct {
	Objects []Object
	// Surplus are objects of the cluster, by name, that shall not be there.
	Surplus []Object
	// StaleClaims says how the StatefulSet's claim template differs from what
	// the spec asks for; empty when it does not. No apply can change it.
	StaleClaims string
	// Wanted names what the spec asks members to be started with.
	Wanted string
	// Version is the etcd release in the template.
	Version string
	// Changes says what of it the StatefulSet's template does not follow, as a
	// clause for people; empty when it follows.
	Changes string
	// Next is the StatefulSet as the spec asks for it; nil when nothing changes.
	Next *appsv1.StatefulSet
	// Pods says of each pod of Present how it differs from the spec.
	Pods []PodDifference
}

// Render returns what a cluster shall have, given what it has. Of a
// StatefulSet that lives the number of pods and the claim template stay. Once
// the cluster is formed, what members are started with stays too: it changes
// when the planner says so, as a pod that happens to restart must not be the
// first to try what nobody has approved.
func (r Renderer) Render(c *v1alpha1.EtcdCluster, p Present) Rendered {
	in := Inputs{
		Cluster:           c,
		Replicas:          int32(p.Replicas), //nolint:gosec // at most 32
		Voters:            max(int(c.Spec.Replicas), p.Voters),
		MemberImage:       r.Image(c.Spec.Version),
		OperatorNamespace: r.OperatorNamespace,
	}
	if p.StatefulSet != nil && p.StatefulSet.Spec.Replicas != nil {
		in.Replicas = *p.StatefulSet.Spec.Replicas
	}
	out := Rendered{Objects: Objects(in)}
	if PodDisruptionBudget(in) == nil {
		out.Surplus = append(out.Surplus, &policyv1.PodDisruptionBudget{
			TypeMeta: typeMeta("policy/v1", "PodDisruptionBudget"), ObjectMeta: meta(in, c.Name),
		})
	}
	i := slices.IndexFunc(out.Objects, func(o Object) bool { _, ok := o.(*appsv1.StatefulSet); return ok })
	want := out.Objects[i].(*appsv1.StatefulSet)
	fitting := in.fitting(p.Smallest)
	want.Spec.Template = podTemplate(fitting)
	if p.StatefulSet != nil {
		out.StaleClaims = staleClaims(c, p.StatefulSet)
		want.Spec.VolumeClaimTemplates = p.StatefulSet.Spec.VolumeClaimTemplates
	}
	asked := inputsOf(fitting.Cluster.Spec)
	out.Wanted, out.Version = digest(asked)[:8], asked.Version
	out.Pods = make([]PodDifference, len(p.Pods))
	if p.Formed {
		r.hold(want, in, asked, p, &out)
	}
	out.Objects[i] = seal(want)
	return out
}

// hold leaves in the template what members are started with by now.
func (r Renderer) hold(want *appsv1.StatefulSet, in Inputs, asked restartInputs, p Present, out *Rendered) {
	spec := in.Cluster.Spec
	for i, pod := range p.Pods {
		out.Pods[i] = r.differs(pod, spec, asked)
	}
	held := p.held(digest(asked))
	if held == nil || held.follows(asked, spec) {
		return
	}
	out.Changes, out.Next, out.Version = changes(*held, asked), seal(want.DeepCopy()), held.Version
	in.Cluster, in.MemberImage = held.restore(in.Cluster), r.Image(held.Version)
	want.Spec.Template = podTemplate(in)
}

// Image is the member's image of an etcd release.
func (r Renderer) Image(version string) string {
	return strings.ReplaceAll(r.MemberImage, "{version}", version)
}

// fitting returns the inputs for volumes of which the smallest has that size.
func (in Inputs) fitting(smallest *resource.Quantity) Inputs {
	size := in.Cluster.Spec.Storage.Size
	if smallest == nil || size == nil || smallest.Cmp(*size) >= 0 {
		return in
	}
	small := in.Cluster.DeepCopy()
	small.Spec.Storage.Size = smallest
	in.Cluster = small
	return in
}

// MemberImageOf returns the image of the member container.
func MemberImageOf(spec corev1.PodSpec) string { return memberContainer(spec).Image }

func memberContainer(spec corev1.PodSpec) corev1.Container {
	for _, c := range spec.Containers {
		if c.Name == ContainerName {
			return c
		}
	}
	return corev1.Container{}
}

// ClientHost returns the DNS name of the Service for clients, which every
// server certificate bears.
func ClientHost(c *v1alpha1.EtcdCluster) string {
	return ClientService(c.Name) + "." + c.Namespace + ".svc"
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
