package resource_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/resource"
)

// A release of the operator must not restart every member of every cluster.
// When this test fails, that is what the change under test would do: keep the
// hash of existing specs as it is, or say so in the release notes.
func TestRestartHashIsStable(t *testing.T) {
	if got, want := resource.RestartHash(inputs().Cluster.Spec), "d6237237055fc973d0b2bd31597a569e"; got != want {
		t.Errorf("default: %s, want %s", got, want)
	}
	if got, want := resource.RestartHash(everything().Cluster.Spec), "09978ddb601688b1fb52b1243fa3de91"; got != want {
		t.Errorf("everything: %s, want %s", got, want)
	}
}

func TestRestartHash(t *testing.T) {
	for _, tc := range []struct {
		name     string
		change   func(*v1alpha1.EtcdClusterSpec)
		restarts bool
	}{
		{"version", func(s *v1alpha1.EtcdClusterSpec) { s.Version = "3.7.4" }, true},
		{"snapshot count", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.SnapshotCount = ptr.To[int64](5000) }, true},
		{"extra config", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.ExtraConfig = map[string]string{"max-txn-ops": "9"} }, true},
		{"quota", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.QuotaBackend = amount("1Gi") }, true},
		{"quota as it was by default", func(s *v1alpha1.EtcdClusterSpec) { s.Etcd.QuotaBackend = amount("3840Mi") }, false},
		{"size, and with it the quota", func(s *v1alpha1.EtcdClusterSpec) { s.Storage.Size = amount("9Gi") }, true},
		{"size written otherwise", func(s *v1alpha1.EtcdClusterSpec) { s.Storage.Size = amount("8192Mi") }, false},
		{"node selector", func(s *v1alpha1.EtcdClusterSpec) { s.PodTemplate.NodeSelector = map[string]string{"a": "b"} }, true},
		{"tolerations", func(s *v1alpha1.EtcdClusterSpec) { s.PodTemplate.Tolerations = []corev1.Toleration{{Key: "a"}} }, true},
		{"affinity", func(s *v1alpha1.EtcdClusterSpec) {
			s.PodTemplate.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}}
		}, true},
		{"resources", func(s *v1alpha1.EtcdClusterSpec) {
			s.PodTemplate.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: kresource.MustParse("1")}
		}, false},
		{"env", func(s *v1alpha1.EtcdClusterSpec) { s.PodTemplate.Env = []corev1.EnvVar{{Name: "A", Value: "b"}} }, true},
		{"pod annotation", func(s *v1alpha1.EtcdClusterSpec) { s.PodTemplate.Metadata.Annotations = map[string]string{"a": "b"} }, false},
		{"plain text", func(s *v1alpha1.EtcdClusterSpec) { s.TLS.Disabled = true }, true},
		{"replicas", func(s *v1alpha1.EtcdClusterSpec) { s.Replicas = 5 }, false},
		{"paused, hibernated", func(s *v1alpha1.EtcdClusterSpec) { s.Paused, s.Hibernated = true, true }, false},
		{"update mode", func(s *v1alpha1.EtcdClusterSpec) { s.Update.Mode = v1alpha1.UpdateSupervised }, false},
		{"life of certificates", func(s *v1alpha1.EtcdClusterSpec) { s.TLS.Validity = &metav1.Duration{Duration: time.Hour} }, false},
		{"what becomes of volumes", func(s *v1alpha1.EtcdClusterSpec) { s.Storage.WhenDeleted = v1alpha1.RetentionDelete }, false},
	} {
		spec := inputs().Cluster.Spec
		before := resource.RestartHash(spec)
		tc.change(&spec)
		if got := resource.RestartHash(spec) != before; got != tc.restarts {
			t.Errorf("%s: restarts %t, want %t", tc.name, got, tc.restarts)
		}
	}
}

func TestRestartHashOfEqualSpecs(t *testing.T) {
	compaction := func(mode v1alpha1.CompactionMode) string {
		spec := inputs().Cluster.Spec
		spec.Etcd.AutoCompaction = &v1alpha1.AutoCompaction{Mode: mode, Retention: "1h"}
		return resource.RestartHash(spec)
	}
	if compaction("") != compaction(v1alpha1.CompactionPeriodic) {
		t.Error("the default compaction mode spelled out restarts the members")
	}
	milli, half := inputs().Cluster.Spec, inputs().Cluster.Spec
	milli.PodTemplate.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: kresource.MustParse("500m")}
	half.PodTemplate.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: kresource.MustParse("0.5")}
	if resource.RestartHash(milli) != resource.RestartHash(half) {
		t.Error("an amount written otherwise restarts the members")
	}
}

// What an operator's version renders may change the template; the pods' hash
// stays, and with it the pods.
func TestImageRepositoryRestartsNothing(t *testing.T) {
	ours, mirror := resource.StatefulSet(inputs()), inputs()
	mirror.MemberImage = "registry.example/member:v0.2.0-etcd3.7.3"
	theirs := resource.StatefulSet(mirror)
	if ours.Annotations[v1alpha1.AnnotationAppliedHash] == theirs.Annotations[v1alpha1.AnnotationAppliedHash] {
		t.Error("another image shows no other content")
	}
	hash := func(a map[string]string) string { return a[resource.AnnotationConfigHash] }
	if got := hash(theirs.Spec.Template.Annotations); got == "" || got != hash(ours.Spec.Template.Annotations) {
		t.Errorf("the pods' hash became %q", got)
	}
}

func TestContentHash(t *testing.T) {
	set := resource.StatefulSet(inputs())
	if got := resource.ContentHash(set); got != set.Annotations[v1alpha1.AnnotationAppliedHash] {
		t.Error("the seal changes what it seals")
	}
	before := resource.ContentHash(set)
	set.ResourceVersion, set.UID, set.Status.Replicas = "7", "x", 3
	if resource.ContentHash(set) != before {
		t.Error("what the server sets is part of the hash")
	}
	set.Spec.VolumeClaimTemplates[0].Status.Phase = corev1.ClaimPending
	if resource.ContentHash(set) != before {
		t.Error("claim templates are part of the hash, though no apply changes them")
	}
	set.Spec.Template.Spec.NodeSelector = map[string]string{"a": "b"}
	if resource.ContentHash(set) == before {
		t.Error("a node selector is no part of the hash")
	}
}

// No hash of a private key leaves the Secret; that a key went away shows.
func TestContentHashOfSecret(t *testing.T) {
	hash := func(content pki.Content) string {
		return resource.ContentHash(resource.Secret(inputs().Cluster, pki.MemberTLS, content))
	}
	if hash(pki.Content{"peer.key": []byte("a")}) != hash(pki.Content{"peer.key": []byte("b")}) {
		t.Error("the hash depends on the values")
	}
	if hash(pki.Content{"peer.key": []byte("a")}) == hash(pki.Content{"server.key": []byte("a")}) {
		t.Error("the hash does not depend on the keys")
	}
}
