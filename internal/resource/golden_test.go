package resource_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/resource"
)

var update = flag.Bool("update", false, "write testdata/*.yaml anew")

// stories are the clusters whose objects lie in testdata.
func stories() map[string]resource.Inputs {
	single := inputs()
	single.Replicas, single.Voters, single.Cluster.Spec.Replicas = 1, 1, 1

	ephemeral := inputs()
	ephemeral.Cluster.Spec.Storage = v1alpha1.Storage{Ephemeral: &v1alpha1.EphemeralStorage{}}
	ephemeral.Replicas, ephemeral.Voters, ephemeral.Cluster.Spec.Replicas = 1, 1, 1

	hibernated := inputs()
	hibernated.Replicas, hibernated.Cluster.Spec.Hibernated = 0, true

	return map[string]resource.Inputs{
		"default": inputs(), "single": single, "ephemeral": ephemeral, "hibernated": hibernated, "everything": everything(),
	}
}

func inputs() resource.Inputs {
	return resource.Inputs{
		Cluster: &v1alpha1.EtcdCluster{
			ObjectMeta: metav1.ObjectMeta{Name: "demo", Namespace: "prod", UID: "0a1b2c3d-0000-4000-8000-000000000001"},
			Spec: v1alpha1.EtcdClusterSpec{
				Replicas: 3, Version: "3.7.3",
				Storage: v1alpha1.Storage{Size: amount("8Gi"), WhenDeleted: v1alpha1.RetentionRetain},
			},
		},
		Replicas: 3, Voters: 3, MemberImage: "ghcr.io/quorate/member:v0.1.0-etcd3.7.3", OperatorNamespace: "quorate-system",
	}
}

// everything sets whatever a user can set.
func everything() resource.Inputs {
	in := inputs()
	in.Replicas, in.Voters = 4, 5 // on the way from 5 to 3
	spec := &in.Cluster.Spec
	spec.TLS.Disabled = true
	spec.Storage.StorageClassName = ptr.To("fast")
	spec.Storage.WhenDeleted = v1alpha1.RetentionDelete
	spec.Etcd = v1alpha1.EtcdConfiguration{
		QuotaBackend:      amount("2Gi"),
		AutoCompaction:    &v1alpha1.AutoCompaction{Mode: v1alpha1.CompactionRevision, Retention: "10000"},
		SnapshotCount:     ptr.To[int64](50000),
		HeartbeatInterval: &metav1.Duration{Duration: 250 * time.Millisecond},
		ElectionTimeout:   &metav1.Duration{Duration: 2500 * time.Millisecond},
		MaxRequestBytes:   amount("3Mi"),
		ExtraConfig:       map[string]string{"max-txn-ops": "256", "log-outputs": "$(POD_NAME)"},
	}
	spec.PodTemplate = v1alpha1.PodTemplate{
		Metadata: v1alpha1.PodMetadata{
			Labels:      map[string]string{"team": "storage", v1alpha1.LabelCluster: "mine"},
			Annotations: map[string]string{"prometheus.io/scrape": "true"},
		},
		NodeSelector: map[string]string{"disk": "nvme"},
		Tolerations:  []corev1.Toleration{{Key: "etcd", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
		Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "storage"}},
			}},
		}},
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			{TopologyKey: "rack", MaxSkew: 1, WhenUnsatisfiable: corev1.DoNotSchedule},
		},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: kresource.MustParse("0.5"), corev1.ResourceMemory: kresource.MustParse("1024Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: kresource.MustParse("2Gi")},
		},
		PriorityClassName: "system-cluster-critical", SchedulerName: "own", ServiceAccountName: "etcd",
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}},
		ImagePullPolicy:  corev1.PullAlways,
		Env: []corev1.EnvVar{
			{Name: "GODEBUG", Value: "madvdontneed=1"}, {Name: "POD_NAME", Value: "not-mine-to-set"},
			{Name: "ZONE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels['zone']"}}},
		},
		SecurityContext:               &corev1.PodSecurityContext{RunAsUser: ptr.To[int64](1000), SupplementalGroups: []int64{7}},
		TerminationGracePeriodSeconds: ptr.To[int64](60),
		RuntimeClassName:              ptr.To("gvisor"),
	}
	return in
}

func amount(s string) *kresource.Quantity { q := kresource.MustParse(s); return &q }

func TestGolden(t *testing.T) {
	for name, in := range stories() {
		t.Run(name, func(t *testing.T) { golden(t, name, resource.Objects(in)) })
	}
}

func TestGoldenSecrets(t *testing.T) {
	secrets := func(in resource.Inputs) []client.Object {
		var all []client.Object
		for _, kind := range resource.PKIPlan(in.Cluster, nil).Kinds() {
			all = append(all, resource.Secret(in.Cluster, kind, pki.Content{"key": []byte("value")}))
		}
		return all
	}
	golden(t, "secrets-default", secrets(inputs()))
	golden(t, "secrets-everything", secrets(everything()))
}

// golden compares the objects with testdata/<name>.yaml.
func golden(t *testing.T, name string, objects []client.Object) {
	t.Helper()
	var got bytes.Buffer
	for _, obj := range objects {
		text, err := yaml.Marshal(obj)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("---\n")
		got.Write(text)
	}
	path := filepath.Join("testdata", name+".yaml")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s differs (-golden +built); go test -update writes it anew:\n%s", path, diff)
	}
}
