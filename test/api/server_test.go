package api

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/quorate/quorate/api/v1alpha1"
)

const root = "../.."

// server is the kube-apiserver that all tests of this package share.
var server struct {
	client     client.Client // refuses unknown fields, as kubectl does
	kubectl    string
	kubeconfig string
}

func TestMain(m *testing.M) {
	os.Exit(runOnServer(m))
}

func runOnServer(m *testing.M) int {
	binaries, err := findBinaries()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory: binaries,
		CRDDirectoryPaths:     []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	defer func() { _ = env.Stop() }()
	if err := connect(env, binaries); err != nil {
		fmt.Fprintln(os.Stderr, "starting a kube-apiserver:", err)
		return 1
	}
	defer func() { _ = os.Remove(server.kubeconfig) }()
	return m.Run()
}

// findBinaries returns the folder with kube-apiserver, etcd and kubectl.
func findBinaries() (string, error) {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		folder = filepath.Join(root, ".cluster", "bin")
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"kube-apiserver", "etcd", "kubectl"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return "", fmt.Errorf("%s is not in %s: run `make cluster-binaries`", name, folder)
		}
	}
	return folder, nil
}

func connect(env *envtest.Environment, binaries string) error {
	config, err := env.Start()
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(appsv1.AddToScheme(scheme))
	lenient, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	server.client = client.WithFieldValidation(lenient, metav1.FieldValidationStrict)
	server.kubectl = filepath.Join(binaries, "kubectl")
	return writeKubeconfig(env)
}

func writeKubeconfig(env *envtest.Environment) error {
	user, err := env.AddUser(envtest.User{Name: "tester", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "quorate-kubeconfig-")
	if err != nil {
		return err
	}
	server.kubeconfig = file.Name()
	if _, err := file.Write(kubeconfig); err != nil {
		return err
	}
	return file.Close()
}
