package resource_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/resource"
)

// empty returns a new object of the same type.
func empty(t *testing.T, obj client.Object) client.Object {
	t.Helper()
	return reflect.New(reflect.TypeOf(obj).Elem()).Interface().(client.Object)
}

// live returns what a real API server (kube-apiserver 1.37.2) made of the
// objects of a story, with all its defaults: see record_test.go.
func live(t *testing.T, name string, objects []client.Object) []client.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "live", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var all []client.Object
	documents := bytes.Split(bytes.TrimPrefix(text, []byte("---\n")), []byte("\n---\n"))
	if len(documents) != len(objects) {
		t.Fatalf("%s: %d objects recorded, %d built", name, len(documents), len(objects))
	}
	for i, document := range documents {
		obj := empty(t, objects[i])
		if err := yaml.UnmarshalStrict(document, obj); err != nil {
			t.Fatal(err)
		}
		all = append(all, obj)
	}
	return all
}

// Steady means silent: what the server added is no drift.
func TestUntouchedNeverDrifts(t *testing.T) {
	for name, in := range stories() {
		objects := resource.Objects(in)
		for i, got := range live(t, name, objects) {
			if reason := resource.Drift(got, objects[i]); reason != "" {
				t.Errorf("%s: %T: drift at %s", name, got, reason)
			}
			if reason := resource.ImmutableDrift(got, objects[i]); reason != "" {
				t.Errorf("%s: %T: immutable drift at %s", name, got, reason)
			}
		}
	}
}

func TestDriftOfStatefulSet(t *testing.T) {
	type set = *appsv1.StatefulSet
	member := func(s set) *corev1.Container { return &s.Spec.Template.Spec.Containers[0] }
	for _, tc := range []struct {
		name  string
		touch func(set)
		want  string
	}{
		{"status", func(s set) { s.Status.Replicas = 3 }, ""},
		{"a label of others", func(s set) { s.Labels["theirs"] = "1" }, ""},
		{"an annotation of others", func(s set) { s.Annotations["theirs"] = "1" }, ""},
		{"kubectl rollout restart", func(s set) { s.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = "now" }, ""},
		{"a sidecar of others", func(s set) {
			s.Spec.Template.Spec.Containers = append([]corev1.Container{{Name: "proxy"}}, s.Spec.Template.Spec.Containers...)
		}, ""},
		{"an env of others", func(s set) { member(s).Env = append(member(s).Env, corev1.EnvVar{Name: "A"}) }, ""},
		{"an owner of others", func(s set) { s.OwnerReferences = append(s.OwnerReferences, s.OwnerReferences[0]) }, ""},
		{"an amount written otherwise", func(s set) {
			member(s).Resources.Requests[corev1.ResourceMemory] = kresource.MustParse("268435456")
			s.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage] = kresource.MustParse("8192Mi")
		}, ""},
		{"replicas", func(s set) { s.Spec.Replicas = ptr.To[int32](1) }, "spec.replicas is 1, not 3"},
		{"replicas gone", func(s set) { s.Spec.Replicas = nil }, "spec.replicas"},
		{"image", func(s set) { member(s).Image = "evil" }, "spec.template.spec.containers[member].image"},
		{"arguments", func(s set) { member(s).Args = append(member(s).Args, "--etcd=force-new-cluster=true") }, "spec.template.spec.containers[member].args"},
		{"container gone", func(s set) { member(s).Name = "other" }, "spec.template.spec.containers[member]"},
		{"env gone", func(s set) { member(s).Env = member(s).Env[1:] }, "spec.template.spec.containers[member].env[POD_NAME]"},
		{"probe", func(s set) { member(s).ReadinessProbe.PeriodSeconds = 60 }, "spec.template.spec.containers[member].readinessProbe.periodSeconds is 60, not 1"},
		{"security", func(s set) { member(s).SecurityContext.ReadOnlyRootFilesystem = ptr.To(false) }, "spec.template.spec.containers[member].securityContext.readOnlyRootFilesystem is false, not true"},
		{"amount", func(s set) { member(s).Resources.Requests[corev1.ResourceCPU] = kresource.MustParse("2") }, "spec.template.spec.containers[member].resources.requests.cpu"},
		{"volume", func(s set) { s.Spec.Template.Spec.Volumes[0].Secret = nil }, "spec.template.spec.volumes[tls].secret"},
		{"spread", func(s set) { s.Spec.Template.Spec.TopologySpreadConstraints[0].MaxSkew = 3 }, "spec.template.spec.topologySpreadConstraints[kubernetes.io/hostname,DoNotSchedule].maxSkew is 3, not 1"},
		{"spread's selector", func(s set) {
			s.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels["a"] = "b"
		}, "spec.template.spec.topologySpreadConstraints[kubernetes.io/hostname,DoNotSchedule].labelSelector"},
		{"strategy", func(s set) { s.Spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType }, "spec.updateStrategy.type"},
		{"retention", func(s set) {
			s.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		}, "spec.persistentVolumeClaimRetentionPolicy.whenScaled"},
		{"label", func(s set) { delete(s.Labels, v1alpha1.LabelCluster) }, "metadata.labels[etcd.quorate.dev/cluster]"},
		{"pod label", func(s set) { s.Spec.Template.Labels[v1alpha1.LabelServing] = "false" }, "spec.template.metadata.labels[etcd.quorate.dev/serving]"},
		{"owner", func(s set) { s.OwnerReferences[0].UID = "other" }, "metadata.ownerReferences[0a1b2c3d-0000-4000-8000-000000000001]"},
		{"a field that is no longer built", func(s set) { s.Annotations[v1alpha1.AnnotationAppliedHash] = "old" }, "metadata.annotations[etcd.quorate.dev/applied-hash]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want := resource.StatefulSet(inputs())
			objects := resource.Objects(inputs())
			got := live(t, "default", objects)[len(objects)-1].(set)
			tc.touch(got)
			if reason := resource.Drift(got, want); reason != tc.want {
				t.Errorf("drift %q, want %q", reason, tc.want)
			}
		})
	}
}

func TestDriftOfTheOthers(t *testing.T) {
	objects := resource.Objects(inputs())
	for _, tc := range []struct {
		name  string
		touch func([]client.Object) client.Object
		want  string
	}{
		{"an address of the server", func(o []client.Object) client.Object {
			o[1].(*corev1.Service).Spec.ClusterIP = "10.96.0.7"
			return o[1]
		}, ""},
		{"a port of others", func(o []client.Object) client.Object {
			s := o[1].(*corev1.Service)
			s.Spec.Ports = append([]corev1.ServicePort{{Name: "x", Port: 1, Protocol: "TCP"}}, s.Spec.Ports...)
			return s
		}, ""},
		{"a node port", func(o []client.Object) client.Object {
			s := o[1].(*corev1.Service)
			s.Spec.Ports[0].NodePort = 30000
			return s
		}, ""},
		{"Service type", func(o []client.Object) client.Object {
			o[1].(*corev1.Service).Spec.Type = corev1.ServiceTypeLoadBalancer
			return o[1]
		}, "spec.type"},
		{"a selector that selects nothing", func(o []client.Object) client.Object {
			o[1].(*corev1.Service).Spec.Selector["a"] = "b"
			return o[1]
		}, "spec.selector"},
		{"a selector that selects too much", func(o []client.Object) client.Object {
			delete(o[1].(*corev1.Service).Spec.Selector, v1alpha1.LabelServing)
			return o[1]
		}, "spec.selector"},
		{"port", func(o []client.Object) client.Object {
			o[0].(*corev1.Service).Spec.Ports[0].TargetPort = intstr.FromInt32(1)
			return o[0]
		}, "spec.ports[2380,TCP].targetPort is 1, not 2380"},
		{"hidden peers", func(o []client.Object) client.Object {
			o[0].(*corev1.Service).Spec.PublishNotReadyAddresses = false
			return o[0]
		}, "spec.publishNotReadyAddresses"},
		{"an opened control port", func(o []client.Object) client.Object {
			o[2].(*networkingv1.NetworkPolicy).Spec.Ingress[3].From = nil
			return o[2]
		}, "spec.ingress"},
		{"a rule more", func(o []client.Object) client.Object {
			p := o[2].(*networkingv1.NetworkPolicy)
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
			return p
		}, "spec.ingress"},
		{"budget", func(o []client.Object) client.Object {
			o[3].(*policyv1.PodDisruptionBudget).Spec.MinAvailable = ptr.To(intstr.FromInt32(1))
			return o[3]
		}, "spec.minAvailable is 1, not 2"},
		{"budget in percent", func(o []client.Object) client.Object {
			o[3].(*policyv1.PodDisruptionBudget).Spec.MinAvailable = ptr.To(intstr.FromString("50%"))
			return o[3]
		}, "spec.minAvailable is 50%, not 2"},
		{"another kind", func([]client.Object) client.Object { return &corev1.Pod{} }, "kind"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.touch(live(t, "default", objects))
			want := objects[0]
			for _, obj := range objects {
				if obj.GetName() == got.GetName() && reflect.TypeOf(obj) == reflect.TypeOf(got) {
					want = obj
				}
			}
			if reason := resource.Drift(got, want); reason != tc.want {
				t.Errorf("drift %q, want %q", reason, tc.want)
			}
		})
	}
}

// A reason goes into Events, which more people may read than Secrets.
func TestDriftOfSecretQuotesNothing(t *testing.T) {
	cluster := inputs().Cluster
	want := resource.Secret(cluster, pki.MemberTLS, pki.Content{"peer.key": []byte("new secret")})
	got := resource.Secret(cluster, pki.MemberTLS, pki.Content{"peer.key": []byte("old secret"), "more": []byte("x")})
	got.Annotations = want.Annotations
	if reason := resource.Drift(got, want); reason != "data[peer.key]" {
		t.Errorf("drift %q", reason)
	}
	got.Data["peer.key"] = want.Data["peer.key"]
	if reason := resource.Drift(got, want); reason != "" {
		t.Errorf("drift %q", reason)
	}
}

func TestImmutableDrift(t *testing.T) {
	for _, tc := range []struct {
		name  string
		touch func(*resource.Inputs)
		want  string
	}{
		{"replicas and image", func(in *resource.Inputs) { in.Replicas, in.MemberImage = 9, "other" }, ""},
		{"the size grows", func(in *resource.Inputs) { in.Cluster.Spec.Storage.Size = amount("9Gi") }, "spec.volumeClaimTemplates[0].spec.resources.requests.storage"},
		{"another class", func(in *resource.Inputs) { in.Cluster.Spec.Storage.StorageClassName = ptr.To("fast") }, "spec.volumeClaimTemplates[0].spec.storageClassName"},
		{"no volume", func(in *resource.Inputs) {
			in.Cluster.Spec.Storage = v1alpha1.Storage{Ephemeral: &v1alpha1.EphemeralStorage{}}
		}, "spec.volumeClaimTemplates"},
	} {
		in := inputs()
		tc.touch(&in)
		if got := resource.ImmutableDrift(resource.StatefulSet(inputs()), resource.StatefulSet(in)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := resource.ImmutableDrift(resource.NetworkPolicy(inputs()), resource.NetworkPolicy(inputs())); got != "" {
		t.Errorf("of a NetworkPolicy: %q", got)
	}
}
