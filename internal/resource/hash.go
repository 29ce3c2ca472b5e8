package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/quorate/quorate/api/v1alpha1"
)

// restartInputs is what a running member was started with, as far as the user
// decides it. A new field must be omitted while unset: otherwise an upgrade of
// the operator restarts every member of every cluster.
type restartInputs struct {
	Version     string                     `json:"version"`
	Etcd        v1alpha1.EtcdConfiguration `json:"etcd,omitzero"`
	QuotaBytes  int64                      `json:"quotaBytes"`
	Plaintext   bool                       `json:"plaintext,omitempty"`
	PodTemplate v1alpha1.PodTemplate       `json:"podTemplate,omitzero"`
}

// RestartHash says whether a pod must restart: when the hash of the spec it
// was made from differs. It covers the inputs of the user and nothing that a
// version of the operator renders from them: neither the image's repository
// nor labels, probes or arguments.
func RestartHash(spec v1alpha1.EtcdClusterSpec) string { return digest(inputsOf(spec)) }

func inputsOf(spec v1alpha1.EtcdClusterSpec) restartInputs {
	in := restartInputs{
		Version:     spec.Version,
		Etcd:        *spec.Etcd.DeepCopy(),
		QuotaBytes:  QuotaBackendBytes(spec),
		Plaintext:   spec.TLS.Disabled,
		PodTemplate: spec.PodTemplate,
	}
	// These change on pods as they run: see inPlace.
	in.PodTemplate.Metadata, in.PodTemplate.Resources = v1alpha1.PodMetadata{}, corev1.ResourceRequirements{}
	in.Etcd.QuotaBackend = nil // QuotaBytes says it, however it is written
	if c := in.Etcd.AutoCompaction; c != nil {
		c.Mode = compactionMode(c.Mode)
	}
	return in
}

// ContentHash identifies what was built, so that a field that is no longer
// built shows as a difference too. Of a Secret it covers the keys, not the
// values: those are pki's to judge, and a hash of a private key belongs
// nowhere else. Of a StatefulSet it leaves out the claim templates, which no
// apply can change: a builder may take them over from the live object, with
// the server's defaults.
func ContentHash(obj Object) string {
	content := decided(obj)
	delete(child(content, "spec"), "volumeClaimTemplates")
	annotations := child(child(content, "metadata"), "annotations")
	delete(annotations, v1alpha1.AnnotationAppliedHash)
	if len(annotations) == 0 {
		delete(child(content, "metadata"), "annotations")
	}
	for key := range child(content, secretValues) {
		child(content, secretValues)[key] = ""
	}
	return digest(content)
}

// secretValues is the field of a Secret that holds its content.
const secretValues = "data"

// seal records on an object what was built.
func seal[T Object](obj T) T {
	obj.SetAnnotations(with(obj.GetAnnotations(), map[string]string{v1alpha1.AnnotationAppliedHash: ContentHash(obj)}))
	return obj
}

// decided returns the fields of an object that a builder decides: no
// status, and of the metadata what is not the server's.
func decided(obj Object) map[string]any {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		panic(err) // a type of Kubernetes that cannot be converted: impossible
	}
	meta := child(content, "metadata")
	maps.DeleteFunc(meta, func(field string, _ any) bool {
		return field != "labels" && field != "annotations" && field != "ownerReferences"
	})
	delete(content, "status")
	delete(content, "kind")
	delete(content, "apiVersion")
	return content
}

func child(m map[string]any, field string) map[string]any {
	sub, _ := m[field].(map[string]any)
	return sub
}

// digest is SHA-256 over JSON, which sorts the keys of maps; half of it is
// enough to tell versions of one object apart.
func digest(v any) string {
	sum := sha256.Sum256(encode(v))
	return hex.EncodeToString(sum[:16])
}

func encode(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain values of Kubernetes types: impossible
	}
	return encoded
}
