package controllers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/observe"
	builders "github.com/quorate/quorate/internal/resource"
)

// apiServer is the kube-apiserver that all tests of this package share. There
// is no kubelet and no controller-manager: what Quorate writes stays as it is.
var apiServer client.WithWatch

// server is where it runs.
var server *envtest.Environment

func TestMain(m *testing.M) {
	os.Exit(runOnServer(m))
}

func runOnServer(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	binaries := os.Getenv("KUBEBUILDER_ASSETS")
	if binaries == "" {
		binaries, _ = filepath.Abs(filepath.Join("..", ".cluster", "bin"))
	}
	if _, err := os.Stat(filepath.Join(binaries, "kube-apiserver")); err != nil {
		fmt.Fprintf(os.Stderr, "%v: run `make cluster-binaries`\n", err)
		return 1
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory: binaries,
		CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	config, err := env.Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting a kube-apiserver:", err)
		return 1
	}
	defer func() { _ = env.Stop() }()
	server = env
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		panic(err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	if apiServer, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		fmt.Fprintln(os.Stderr, "making a client:", err)
		return 1
	}
	return m.Run()
}

// operator is one operator under test, which reads without a cache and counts
// what it writes.
type operator struct {
	*EtcdClusterReconciler
	writes atomic.Int64
	// before, when set, is called before each write; an error fails it. after is
	// called when it was done; an error is a lost reply.
	before, after func(verb string, o runtime.Object) error
}

func newOperator(self string) *operator {
	o := &operator{}
	counted := interceptor.NewClient(apiServer, o.intercept())
	secrets := observe.NewSecrets(apiServer, time.Hour)
	agents := dial.NewPool()
	o.EtcdClusterReconciler = &EtcdClusterReconciler{
		Client: counted,
		Observer: &observe.Observer{
			Cached: apiServer, Live: apiServer, Secrets: secrets, Agents: agents, Etcd: etcdclient.NewPool(),
			Renderer: builders.Renderer{MemberImage: "member:{version}", OperatorNamespace: "quorate-system"},
			Domains:  []string{"cluster.local"}, Self: self, Now: time.Now,
		},
		Actor:    &act.Actor{Client: counted, Live: apiServer, Agents: agents, Forget: secrets.Forget, BackupImage: "backup:test", Self: self, Now: time.Now},
		Recorder: events.NewFakeRecorder(1000),
	}
	return o
}

// write does one write, or what a test wants in its place.
func (o *operator) write(verb string, object runtime.Object, send func() error) error {
	o.writes.Add(1)
	if o.before != nil {
		if err := o.before(verb, object); err != nil {
			return err
		}
	}
	if err := send(); err != nil {
		return err
	}
	if o.after != nil {
		return o.after(verb, object)
	}
	return nil
}

func (o *operator) intercept() interceptor.Funcs {
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			return o.write("create", obj, func() error { return c.Create(ctx, obj, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			return o.write("delete", obj, func() error { return c.Delete(ctx, obj, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			return o.write("update", obj, func() error { return c.Update(ctx, obj, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return o.write("patch", obj, func() error { return c.Patch(ctx, obj, patch, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return o.write("apply", nil, func() error { return c.Apply(ctx, obj, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return o.write("patch "+sub, obj, func() error { return c.SubResource(sub).Patch(ctx, obj, patch, opts...) })
		},
		SubResourceApply: func(ctx context.Context, c client.Client, sub string, obj runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			return o.write("apply "+sub, nil, func() error { return c.SubResource(sub).Apply(ctx, obj, opts...) })
		},
	}
}

// settle reconciles until a pass writes nothing, and returns the object.
func (o *operator) settle(t *testing.T, c *v1alpha1.EtcdCluster) *v1alpha1.EtcdCluster {
	t.Helper()
	for range 50 {
		before := o.writes.Load()
		o.reconcile(t, c)
		if o.writes.Load() == before {
			return fresh(t, c)
		}
	}
	t.Fatalf("the operator went on writing for 50 passes; the status is %+v", fresh(t, c).Status)
	return nil
}

func (o *operator) reconcile(t *testing.T, c *v1alpha1.EtcdCluster) {
	t.Helper()
	if _, err := o.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(c)}); err != nil {
		t.Fatalf("reconcile: %v", err)
	}
}

func fresh(t *testing.T, c *v1alpha1.EtcdCluster) *v1alpha1.EtcdCluster {
	t.Helper()
	read := &v1alpha1.EtcdCluster{}
	get(t, client.ObjectKeyFromObject(c), read)
	return read
}

func get(t *testing.T, key client.ObjectKey, into client.Object) {
	t.Helper()
	if err := apiServer.Get(t.Context(), key, into); err != nil {
		t.Fatalf("get %T %s: %v", into, key, err)
	}
}

// newCluster creates an EtcdCluster in a namespace of its own.
func newCluster(t *testing.T, change func(*v1alpha1.EtcdCluster)) *v1alpha1.EtcdCluster {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "controllers-"}}
	if err := apiServer.Create(t.Context(), ns); err != nil {
		t.Fatalf("create namespace: %v", err)
	}
	size := resource.MustParse("2Gi")
	c := &v1alpha1.EtcdCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "demo"},
		Spec:       v1alpha1.EtcdClusterSpec{Replicas: 3, Version: "3.7.3", Storage: v1alpha1.Storage{Size: &size}},
	}
	if change != nil {
		change(c)
	}
	if err := apiServer.Create(t.Context(), c); err != nil {
		t.Fatalf("create EtcdCluster: %v", err)
	}
	return c
}
