package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	apiserverImage = "quorate.dev/e2e-kube-apiserver:e2e" // built and loaded by hack/make/e2e.mk
	apiserverPod   = "kube-apiserver"
	apiserverPort  = 6443
	apiserverToken = "e2e-second-kubernetes"
)

// TestRealAPIServer: a second kube-apiserver keeps all it has in an
// EtcdCluster, over mTLS. What real controllers write through it is there
// after the leader was killed, also for an API server that starts afresh.
func TestRealAPIServer(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	c := s.readyEtcd("store", 3)
	s.create(s.apiserverFiles(), c.apiserver())
	second := s.secondKubernetes()
	s.runControllers(second)
	s.deploy(second)
	before := listing(t, second)

	c.deletePod(c.waitReady().Status.Leader, client.GracePeriodSeconds(0))
	s.remove(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: apiserverPod}}, client.GracePeriodSeconds(0))
	s.gone(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: apiserverPod}})
	s.create(c.apiserver())
	second = s.secondKubernetes()
	after := listing(t, second)
	for name, uid := range before {
		if after[name] != uid {
			t.Errorf("%s had the UID %s and has %q", name, uid, after[name])
		}
	}
	c.waitReady()
	c.sameEverywhere()
}

// apiserverFiles holds what a kube-apiserver wants to read.
func (s *space) apiserverFiles() *corev1.Secret {
	s.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "apiserver"},
		Data: map[string][]byte{
			"service-account.key": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
			"tokens.csv":          []byte(apiserverToken + ",admin,admin,system:masters\n"),
		},
	}
}

// apiserver is a kube-apiserver whose only store is the cluster.
func (c *cluster) apiserver() *corev1.Pod {
	no, files, store := false, "/etc/apiserver/", "/etc/store/"
	mount := func(name, path string) corev1.VolumeMount { return corev1.VolumeMount{Name: name, MountPath: path} }
	secret := func(name string) corev1.VolumeSource {
		return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: apiserverPod, Namespace: c.space.name},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no,
			EnableServiceLinks:           &no,
			Containers: []corev1.Container{{
				Name: "kube-apiserver", Image: apiserverImage, ImagePullPolicy: corev1.PullNever, SecurityContext: restricted(),
				Args: []string{
					"--etcd-servers=https://" + c.serviceHost() + ":2379",
					"--etcd-cafile=" + store + "ca.crt", "--etcd-certfile=" + store + "tls.crt", "--etcd-keyfile=" + store + "tls.key",
					"--secure-port=6443", "--cert-dir=/tmp/certificates", "--service-cluster-ip-range=10.0.0.0/24",
					"--token-auth-file=" + files + "tokens.csv", "--authorization-mode=RBAC",
					"--service-account-issuer=https://second.example", "--service-account-key-file=" + files + "service-account.key",
					"--service-account-signing-key-file=" + files + "service-account.key",
					"--disable-admission-plugins=ServiceAccount", "--profiling=false",
				},
				ReadinessProbe: &corev1.Probe{
					PeriodSeconds: 1, FailureThreshold: 60,
					ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(apiserverPort)}},
				},
				VolumeMounts: []corev1.VolumeMount{mount("files", files), mount("store", store), mount("tmp", "/tmp")},
			}},
			Volumes: []corev1.Volume{
				{Name: "files", VolumeSource: secret("apiserver")},
				{Name: "store", VolumeSource: secret(c.name + "-client-tls")},
				{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
		},
	}
}

// secondKubernetes waits until the second API server is ready by its own word.
func (s *space) secondKubernetes() *rest.Config {
	s.t.Helper()
	s.awaitPod(apiserverPod, "listens", podReady)
	config := &rest.Config{
		Host:            "https://" + s.forward(apiserverPod, apiserverPort),
		BearerToken:     apiserverToken,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}, // it signed its own certificate
	}
	k := clientsetFor(s.t, config)
	eventually(s.t, long, "the second API server is ready", func(ctx context.Context) error {
		return k.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
	return config
}

func clientsetFor(t testing.TB, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	k, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// runControllers runs the controllers of Deployments against the second API
// server, until the test ends.
func (s *space) runControllers(config *rest.Config) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "kubeconfig")
	content := api.NewConfig()
	content.Clusters["second"] = &api.Cluster{Server: config.Host, InsecureSkipTLSVerify: true}
	content.AuthInfos["admin"] = &api.AuthInfo{Token: config.BearerToken}
	content.Contexts["second"] = &api.Context{Cluster: "second", AuthInfo: "admin"}
	content.CurrentContext = "second"
	if err := clientcmd.WriteToFile(*content, file); err != nil {
		s.t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(s.t.TempDir(), "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, world.tool("kube-controller-manager"),
		"--kubeconfig="+file, "--leader-elect=false", "--secure-port=0", "--controllers=deployment-controller,replicaset-controller")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		s.t.Fatalf("start the controllers: %v", err)
	}
	s.t.Cleanup(func() {
		stop()
		_ = command.Wait()
		if text, err := os.ReadFile(log.Name()); err == nil && s.t.Failed() {
			s.t.Logf("the controllers said:\n%s", text[max(0, len(text)-3000):])
		}
	})
}

// deploy creates a Deployment and waits until its pods are there. They stay
// pending: the second Kubernetes has no node.
func (s *space) deploy(config *rest.Config) {
	s.t.Helper()
	k, labels, replicas := clientsetFor(s.t, config), map[string]string{"app": "web"}, int32(3)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "web"}}},
			},
		},
	}
	eventually(s.t, medium, "a Deployment is created", func(ctx context.Context) error {
		_, err := k.AppsV1().Deployments("default").Create(ctx, deployment, metav1.CreateOptions{})
		return err
	})
	eventually(s.t, long, "the Deployment has its pods", func(ctx context.Context) error {
		pods, err := k.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil {
			return err
		}
		if len(pods.Items) != int(replicas) {
			return fmt.Errorf("there are %d", len(pods.Items))
		}
		return nil
	})
}

// listing is the UID of each object of the Deployment, by kind and name.
func listing(t *testing.T, config *rest.Config) map[string]string {
	t.Helper()
	k, all, found := clientsetFor(t, config), metav1.ListOptions{}, map[string]string{}
	deployments, err1 := k.AppsV1().Deployments("default").List(bounded(t), all)
	sets, err2 := k.AppsV1().ReplicaSets("default").List(bounded(t), all)
	pods, err3 := k.CoreV1().Pods("default").List(bounded(t), all)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatalf("read back: %v", err)
	}
	for _, d := range deployments.Items {
		found["Deployment/"+d.Name] = string(d.UID)
	}
	for _, r := range sets.Items {
		found["ReplicaSet/"+r.Name] = string(r.UID)
	}
	for _, p := range pods.Items {
		found["Pod/"+p.Name] = string(p.UID)
	}
	if len(found) != 5 {
		t.Errorf("one Deployment, one ReplicaSet and three pods are %v", found)
	}
	return found
}
