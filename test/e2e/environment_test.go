package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	kscheme "k8s.io/client-go/kubernetes/scheme"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	apiruntime "k8s.io/apimachinery/pkg/runtime"

	"github.com/quorate/quorate/api/v1alpha1"
)

// Where config/default puts the operator.
const (
	systemNamespace = "quorate-system"
	operatorName    = "quorate-operator"
)

// environment is one Kubernetes and the checkout that the tests run from.
type environment struct {
	client.WithWatch
	clientset  kubernetes.Interface
	config     *rest.Config
	kubeconfig string
	root       string
}

// connect reads E2E_KUBECONFIG, or the kubeconfig of this checkout's local
// cluster; never KUBECONFIG and never the home folder.
func connect() (*environment, error) {
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	path := os.Getenv("E2E_KUBECONFIG")
	if path == "" {
		path = filepath.Join(root, ".cluster", "kubeconfig")
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s\nType: make e2e (it brings a local Kubernetes up)", path)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	config.QPS = -1 // the suite's polls are its own bound
	config.WarningHandler = rest.NoWarnings{}
	scheme := apiruntime.NewScheme()
	for _, add := range []func(*apiruntime.Scheme) error{kscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("no Kubernetes answers at %s: %w\nType: make e2e (it brings one up)", config.Host, err)
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &environment{c, clientset, config, path, root}, nil
}

// checkout is the repository's root, found from this file's place in it.
func checkout() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("the test binary does not know its source")
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file))), nil
}

// tool returns a program of the local Kubernetes, which keeps them beside its
// kubeconfig.
func (e *environment) tool(name string) string {
	return filepath.Join(e.state(), "bin", name)
}

// state is the folder of the local Kubernetes.
func (e *environment) state() string { return filepath.Dir(e.kubeconfig) }

// path returns a path inside the checkout.
func (e *environment) path(elements ...string) string {
	return filepath.Join(append([]string{e.root}, elements...)...)
}
