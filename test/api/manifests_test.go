package api

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

var testdata = filepath.Join(root, "api", "v1alpha1", "testdata")

// manifest is one file: an object, or an object and what it is changed into.
type manifest struct {
	name    string
	want    []string // from the first line: `# want: one substring | another`
	objects []*unstructured.Unstructured
}

// readManifests reads a folder of testdata.
func readManifests(t *testing.T, folder string) []manifest {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests in %s: %v", folder, err)
	}
	var manifests []manifest
	for _, file := range files {
		manifests = append(manifests, readManifest(t, file))
	}
	return manifests
}

func readManifest(t *testing.T, file string) manifest {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
	first, _, _ := strings.Cut(string(raw), "\n")
	if list, ok := strings.CutPrefix(first, "# want: "); ok {
		m.want = strings.Split(list, " | ")
	}
	for _, document := range bytes.Split(raw, []byte("---\n")) {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &object.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		m.objects = append(m.objects, object)
	}
	return m
}

// makeNamespace makes a namespace for one test. It is never removed: without a
// controller-manager nothing would finish its deletion.
func makeNamespace(t *testing.T, prefix string) string {
	t.Helper()
	namespace := &corev1.Namespace{}
	namespace.GenerateName = prefix + "-"
	if err := server.client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}
