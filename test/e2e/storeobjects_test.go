package e2e

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/quorate/quorate/test/storeserver"
)

// Built and loaded by hack/make/versitygw.mk.
const storeImage = "quorate.dev/e2e-versitygw:e2e"

const (
	// storePort is the port of the container that the Service leads to.
	storePort = "s3"
	// storeRelayPort is that of the one that is slow.
	storeRelayPort = 7071
	// storeUser is the user that every image of ours runs as.
	storeUser = 65532
)

// claim is the store's volume: a filesystem of its own, which fills up truly.
// Some 220 MiB of it are to be had.
func (st *store) claim() *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: st.name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("300Mi")}},
		},
	}
}

func (st *store) service() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: st.name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{storeLabel: st.name},
			Ports:    []corev1.ServicePort{{Name: storePort, Port: storeserver.Port, TargetPort: intstr.FromString(storePort)}},
		},
	}
}

// deployment runs the store as wished.
func (st *store) deployment() *appsv1.Deployment {
	replicas, no, now, group := int32(1), false, int64(1), int64(storeUser)
	if st.wish.gone {
		replicas = 0
	}
	containers := []corev1.Container{st.container()}
	if st.wish.rate > 0 {
		slow := relayContainer(storeRelayPort, fmt.Sprintf("127.0.0.1:%d", storeserver.Port), st.wish.rate)
		slow.Ports = []corev1.ContainerPort{{Name: storePort, ContainerPort: storeRelayPort}}
		containers[0].Ports = nil
		containers = append(containers, slow)
	}
	labels := map[string]string{storeLabel: st.name}
	secret := &corev1.SecretVolumeSource{SecretName: st.name + "-tls"}
	claim := &corev1.PersistentVolumeClaimVolumeSource{ClaimName: st.name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: st.name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &now,
					SecurityContext: &corev1.PodSecurityContext{FSGroup: &group},
					Containers:      containers,
					Volumes: []corev1.Volume{
						{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: claim}},
						{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: secret}},
					},
				},
			},
		},
	}
}

// container is the server itself. It takes its keys from the environment.
func (st *store) container() corev1.Container {
	key := func(variable, key string) corev1.EnvVar {
		from := &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: st.secret()}, Key: key}
		return corev1.EnvVar{Name: variable, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: from}}
	}
	options := storeserver.Options{
		Listen: fmt.Sprintf(":%d", storeserver.Port), Folder: "/data",
		CertFile: "/tls/" + corev1.TLSCertKey, KeyFile: "/tls/" + corev1.TLSPrivateKeyKey, ReadOnly: st.wish.readOnly,
	}
	health := &corev1.HTTPGetAction{Path: storeserver.HealthPath, Port: intstr.FromInt32(storeserver.Port), Scheme: corev1.URISchemeHTTPS}
	return corev1.Container{
		Name: "versitygw", Image: storeImage, ImagePullPolicy: corev1.PullNever, SecurityContext: restricted(),
		Args: options.Args(),
		Env: []corev1.EnvVar{
			key(storeserver.AccessKeyVariable, secretAccessKeyID), key(storeserver.SecretKeyVariable, secretAccessKey),
		},
		Ports:          []corev1.ContainerPort{{Name: storePort, ContainerPort: storeserver.Port}},
		ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{HTTPGet: health}},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "data", MountPath: "/data"}, {Name: "tls", MountPath: "/tls", ReadOnly: true},
		},
	}
}

// relayContainer passes connections on, so many bytes per second.
func relayContainer(port int32, target string, bytesPerSecond int) corev1.Container {
	listens := &corev1.TCPSocketAction{Port: intstr.FromInt32(port)}
	return corev1.Container{
		Name: "relay", Image: clientImage, ImagePullPolicy: corev1.PullNever, SecurityContext: restricted(),
		Args:           []string{"--tls=", fmt.Sprintf("--rate=%d", bytesPerSecond), "relay", fmt.Sprintf(":%d", port), target},
		ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: listens}},
	}
}
