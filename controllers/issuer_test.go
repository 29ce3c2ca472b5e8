package controllers

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	builders "github.com/quorate/quorate/internal/resource"
)

// certManager is the module that runs cert-manager's controllers.
var certManager = filepath.Join("..", "hack", "certmanager")

func inCertManager(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = certManager
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, wrong.String())
	}
	return strings.TrimSpace(string(out))
}

// withCertManager runs cert-manager's controllers until the test ends.
func withCertManager(t *testing.T) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "certmanager")
	inCertManager(t, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".") // as e2e.mk does: one build for both
	user, err := server.AddUser(envtest.User{Name: "cert-manager", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+path)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("cert-manager said:\n%s", said.String())
		}
	})
}

func issuerObject(namespace, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetGroupVersionKind(schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Issuer"})
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// TestIssuer: cert-manager itself is asked. Until it is installed, and until
// the issuer is there, the condition says so; what it issues passes the checks
// as it is, is copied, and a renewal is followed. At rest nothing is written.
func TestIssuer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) { c.Spec.TLS.IssuerRef = &v1alpha1.IssuerReference{Name: "ours"} })
	o := newOperator("system/a")
	o.says(t, c, plan.ReasonCertManagerMissing, "spec.tls.issuerRef", "Install cert-manager")
	module := inCertManager(t, "list", "-m", "-f", "{{.Dir}}", "github.com/cert-manager/cert-manager")
	if _, err := envtest.InstallCRDs(server.Config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(module, "deploy", "crds")}, ErrorIfPathMissing: true}); err != nil {
		t.Fatal(err)
	}
	withCertManager(t)
	eventuallySays(t, o, c, "Certificate demo-peer-cert is not Ready", "Issuer ours of spec.tls.issuerRef")

	authority, err := pki.MintCA(builders.PKIPlan(c, nil), pki.PeerCA, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "authority"}, Type: corev1.SecretTypeTLS, Data: authority},
		issuerObject(c.Namespace, "ours", map[string]any{"ca": map[string]any{"secretName": "authority"}}),
	} {
		if err := apiServer.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	eventuallySays(t, o, c, "All certificates are valid")
	first := o.servedBy(t, c)

	before := o.writes.Load()
	for range 3 {
		o.reconcile(t, c)
	}
	if n := o.writes.Load() - before; n != 0 {
		t.Errorf("a settled cluster cost %d writes", n)
	}
	user := &corev1.Secret{}
	get(t, client.ObjectKey{Namespace: c.Namespace, Name: "demo-client-tls"}, user)
	if _, err := pki.UserTLS(user.Data); err != nil {
		t.Errorf("the users' Secret: %v", err)
	}

	if err := apiServer.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "demo-server-cert"}}); err != nil {
		t.Fatal(err)
	}
	o.Observer.Secrets.Forget(client.ObjectKey{Namespace: c.Namespace, Name: "demo-server-cert"}) // as after five minutes
	deadline := time.Now().Add(time.Minute)
	for bytes.Equal(first, o.servedBy(t, c)) {
		if time.Now().After(deadline) {
			t.Fatal("the renewal was not followed")
		}
		_ = o.settle(t, c)
		time.Sleep(100 * time.Millisecond)
	}
	eventuallySays(t, o, c, "All certificates are valid")
}

// servedBy is the certificate that members show to clients.
func (o *operator) servedBy(t *testing.T, c *v1alpha1.EtcdCluster) []byte {
	t.Helper()
	member := &corev1.Secret{}
	get(t, client.ObjectKey{Namespace: c.Namespace, Name: "demo-member-tls"}, member)
	return member.Data["server.crt"]
}

func eventuallySays(t *testing.T, o *operator, c *v1alpha1.EtcdCluster, words ...string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		condition := certificatesCondition(t, o.settle(t, c))
		missing := ""
		for _, word := range words {
			if !strings.Contains(condition.Message, word) {
				missing = word
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("CertificatesValid does not say %q: %s %s", missing, condition.Reason, condition.Message)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
