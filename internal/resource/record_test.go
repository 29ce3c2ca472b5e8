//go:build record

package resource_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/quorate/quorate/internal/resource"
)

// TestRecord writes testdata/live: what a real API server makes of our
// objects. Run it with KUBEBUILDER_ASSETS set, when the builders change:
//
//	go test -tags record -run TestRecord ./internal/resource
func TestRecord(t *testing.T) {
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = env.Stop() }()
	server, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range stories() {
		in.Cluster.Namespace = "live-" + name
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: in.Cluster.Namespace}}
		if err := server.Create(t.Context(), namespace); err != nil {
			t.Fatal(err)
		}
		record(t, server, name, resource.Objects(in))
	}
}

func record(t *testing.T, server client.Client, name string, objects []client.Object) {
	t.Helper()
	var live bytes.Buffer
	for _, obj := range objects {
		if err := server.Create(t.Context(), obj.DeepCopyObject().(client.Object)); err != nil {
			t.Fatal(err)
		}
		got := empty(t, obj)
		if err := server.Get(t.Context(), client.ObjectKeyFromObject(obj), got); err != nil {
			t.Fatal(err)
		}
		got.SetManagedFields(nil)
		text, err := yaml.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		live.WriteString("---\n")
		live.Write(text)
	}
	if err := os.WriteFile(filepath.Join("testdata", "live", name+".yaml"), live.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
