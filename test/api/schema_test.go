package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// maxCRDBytes is what plain `kubectl apply` can note in an annotation.
const maxCRDBytes = 262144

func crdFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	return files
}

// TestSize: every CRD stays small enough for plain `kubectl apply`.
func TestSize(t *testing.T) {
	for _, file := range crdFiles(t) {
		found, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if found.Size() >= maxCRDBytes {
			t.Errorf("%s has %d bytes, and `kubectl apply` carries less than %d", filepath.Base(file), found.Size(), maxCRDBytes)
		}
	}
}

// TestDescriptions: no field is without words for `kubectl explain`.
func TestDescriptions(t *testing.T) {
	eachField(t, func(path string, field apiextensionsv1.JSONSchemaProps) {
		if field.Description == "" {
			t.Errorf("%s has no description", path)
		}
	})
}

// TestStrict: each field in which the API server is more generous than Go has
// a pattern or bounds of its own.
func TestStrict(t *testing.T) {
	eachField(t, func(path string, field apiextensionsv1.JSONSchemaProps) {
		switch {
		case field.XIntOrString && (field.Pattern == "" || field.MaxLength == nil || field.Maximum == nil):
			t.Errorf("%s takes integers and strings and bounds neither", path)
		case field.Type == "integer" && (field.Maximum == nil || field.Minimum == nil):
			t.Errorf("%s is an integer without bounds", path)
		case field.Type == "string" && field.Format != "":
			t.Errorf("%s has the format %s, with which the API server takes lists too", path, field.Format)
		case field.Type == "number":
			t.Errorf("%s is a float", path)
		}
	})
}

// eachField visits every property of every CRD.
func eachField(t *testing.T, visit func(path string, field apiextensionsv1.JSONSchemaProps)) {
	t.Helper()
	for _, file := range crdFiles(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(raw, &crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, version := range crd.Spec.Versions {
			below(crd.Spec.Names.Singular, *version.Schema.OpenAPIV3Schema, visit)
		}
	}
}

func below(path string, s apiextensionsv1.JSONSchemaProps, visit func(string, apiextensionsv1.JSONSchemaProps)) {
	for name, field := range s.Properties {
		if name == "metadata" && !strings.Contains(path, ".") {
			continue // described by Kubernetes itself
		}
		visit(path+"."+name, field)
		below(path+"."+name, field, visit)
	}
	if s.Items != nil {
		below(path+"[]", *s.Items.Schema, visit)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		below(path+"{}", *s.AdditionalProperties.Schema, visit)
	}
}
