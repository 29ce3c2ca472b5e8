package resource

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
)

// held is what the members of a formed cluster are started with by now, which a
// change of the spec does not change by itself; nil when nothing says so. The
// StatefulSet's template tells it or, while there is none, the pods do: unless
// one of them was already made from what the spec asks for.
func (p Present) held(asked string) *restartInputs {
	if p.StatefulSet != nil {
		return madeFrom(p.StatefulSet.Spec.Template.Annotations)
	}
	var first *restartInputs
	for _, pod := range p.Pods {
		if pod.Annotations[AnnotationConfigHash] == asked {
			return nil
		}
		if first == nil {
			first = madeFrom(pod.Annotations)
		}
	}
	return first
}

// madeFrom reads what a pod or a template was made from; nil if it cannot be
// read.
func madeFrom(annotations map[string]string) *restartInputs {
	in := &restartInputs{}
	if err := json.Unmarshal([]byte(annotations[AnnotationInputs]), in); err != nil {
		return nil
	}
	return in
}

// follows reports whether nobody has to restart for what is asked for. A
// default quota that is smaller than today's is no difference: it follows the
// size of the volumes, at the next restart, and is no wish of its own.
func (in restartInputs) follows(asked restartInputs, spec v1alpha1.EtcdClusterSpec) bool {
	if spec.Etcd.QuotaBackend == nil && in.QuotaBytes < asked.QuotaBytes {
		in.QuotaBytes = asked.QuotaBytes
	}
	return digest(in) == digest(asked)
}

// differs says how a pod differs from what is asked for.
func (r Renderer) differs(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec, asked restartInputs) PodDifference {
	d := PodDifference{Stale: stale(pod, spec, asked)}
	adjust, restart := r.adjustable(pod, spec)
	pending, never := resizing(pod)
	switch {
	case d.Stale != "":
	case restart != "":
		d.Stale = restart
	case adjust != "":
		d.Adjust = adjust
	case never:
		d.Stale = pending
	default:
		d.Adjusting = pending
	}
	return d
}

// stale says what a pod was not made from, of what is asked for; empty when it
// need not restart.
func stale(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec, asked restartInputs) string {
	hash := pod.Annotations[AnnotationConfigHash]
	if hash == "" || hash == digest(asked) {
		return ""
	}
	have := madeFrom(pod.Annotations)
	if have == nil {
		return "what it was started with cannot be told any more"
	}
	if have.follows(asked, spec) {
		return ""
	}
	return changes(*have, asked)
}

// restore puts into a spec what members are started with.
func (in restartInputs) restore(c *v1alpha1.EtcdCluster) *v1alpha1.EtcdCluster {
	c = c.DeepCopy()
	in.PodTemplate.Metadata, in.PodTemplate.Resources = c.Spec.PodTemplate.Metadata, c.Spec.PodTemplate.Resources
	c.Spec.Version, c.Spec.Etcd, c.Spec.PodTemplate, c.Spec.TLS.Disabled = in.Version, in.Etcd, in.PodTemplate, in.Plaintext
	c.Spec.Etcd.QuotaBackend = resource.NewQuantity(in.QuotaBytes, resource.BinarySI)
	return c
}
