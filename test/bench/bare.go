package main

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/internal/pki"
)

const (
	dataFolder = "/var/lib/etcd"
	tlsFolder  = "/tls"
	nonRoot    = 65532
)

func bareMeta(object, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: object, Namespace: namespace, Labels: bareLabels(name)}
}

func bareLabels(name string) map[string]string { return map[string]string{"app": name} }

func barePKI(name string) pki.Plan {
	return pki.Plan{Cluster: name, Namespace: namespace, PeersService: name + "-peers", ClientService: name + "-client"}
}

// bareSecrets are the same certificates as Quorate makes.
func bareSecrets(name string) ([]*corev1.Secret, error) {
	plan, now := barePKI(name), time.Now()
	contents := map[pki.Kind]pki.Content{}
	for _, kind := range plan.Kinds() {
		var err error
		if kind.IsCA() {
			contents[kind], err = pki.MintCA(plan, kind, now)
		} else {
			contents[kind], err = pki.Issue(plan, kind, contents, now)
		}
		if err != nil {
			return nil, err
		}
	}
	var secrets []*corev1.Secret
	for _, kind := range []pki.Kind{pki.MemberTLS, pki.ClientTLS} {
		secrets = append(secrets, &corev1.Secret{ObjectMeta: bareMeta(kind.SecretName(name), name), Data: contents[kind]})
	}
	return secrets, nil
}

func barePeers(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: bareMeta(name+"-peers", name),
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Selector: bareLabels(name),
			Ports: []corev1.ServicePort{{Name: "peer", Port: 2380}, {Name: "client", Port: 2379}},
		},
	}
}

func bareClient(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: bareMeta(name+"-client", name),
		Spec:       corev1.ServiceSpec{Selector: bareLabels(name), Ports: []corev1.ServicePort{{Name: "client", Port: 2379}}},
	}
}

func bareStatefulSet(name, image string, members int) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		ObjectMeta: bareMeta(name, name),
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To(int32(members)), ServiceName: name + "-peers",
			Selector:            &metav1.LabelSelector{MatchLabels: bareLabels(name)},
			PodManagementPolicy: appsv1.ParallelPodManagement,
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
				},
			}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: bareLabels(name)}, Spec: barePod(name, image, members)},
		},
	}
}

func barePod(name, image string, members int) corev1.PodSpec {
	return corev1.PodSpec{
		AutomountServiceAccountToken: ptr.To(false),
		EnableServiceLinks:           ptr.To(false),
		SecurityContext:              podSecurity(),
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
			TopologyKey: corev1.LabelHostname, MaxSkew: 1, WhenUnsatisfiable: corev1.DoNotSchedule,
			LabelSelector: &metav1.LabelSelector{MatchLabels: bareLabels(name)},
		}},
		Containers: []corev1.Container{{
			Name: "etcd", Image: image, ImagePullPolicy: corev1.PullNever, Args: bareArgs(name, members),
			Env: []corev1.EnvVar{{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{
				FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"},
			}}},
			// The same as Quorate asks for a member.
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("256Mi"),
			}},
			SecurityContext: containerSecurity(),
			VolumeMounts: []corev1.VolumeMount{
				{Name: "data", MountPath: dataFolder}, {Name: "tls", MountPath: tlsFolder, ReadOnly: true},
			},
			ReadinessProbe: &corev1.Probe{
				ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromInt32(2381)}},
				PeriodSeconds: 1,
			},
		}},
		Volumes: []corev1.Volume{{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: pki.MemberTLS.SecretName(name), DefaultMode: ptr.To[int32](0o440),
		}}}},
	}
}

func bareArgs(name string, count int) []string {
	host := func(pod string) string { return fmt.Sprintf("https://%s.%s-peers.%s.svc", pod, name, namespace) }
	var members []string
	for i := range count {
		pod := fmt.Sprintf("%s-%d", name, i)
		members = append(members, pod+"="+host(pod)+":2380")
	}
	return []string{
		"--name=$(POD_NAME)", "--data-dir=" + dataFolder + "/data",
		"--listen-client-urls=https://0.0.0.0:2379", "--advertise-client-urls=" + host("$(POD_NAME)") + ":2379",
		"--listen-peer-urls=https://0.0.0.0:2380", "--initial-advertise-peer-urls=" + host("$(POD_NAME)") + ":2380",
		"--listen-metrics-urls=http://0.0.0.0:2381",
		"--initial-cluster=" + strings.Join(members, ","), "--initial-cluster-token=" + name,
		"--cert-file=" + tlsFolder + "/server.crt", "--key-file=" + tlsFolder + "/server.key",
		"--trusted-ca-file=" + tlsFolder + "/client-ca.crt", "--client-cert-auth",
		"--peer-cert-file=" + tlsFolder + "/peer.crt", "--peer-key-file=" + tlsFolder + "/peer.key",
		"--peer-trusted-ca-file=" + tlsFolder + "/peer-ca.crt", "--peer-client-cert-auth",
		// As Quorate does, and to its advantage: without it each dial waits for reverse lookups.
		"--peer-skip-client-san-verification",
	}
}

func podSecurity() *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To[int64](nonRoot), RunAsGroup: ptr.To[int64](nonRoot), FSGroup: ptr.To[int64](nonRoot),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

func containerSecurity() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}
