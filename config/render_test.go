package config

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kustomizations lists every folder here that has one.
func kustomizations(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/kustomization.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no kustomizations: %v", err)
	}
	var folders []string
	for _, file := range files {
		folders = append(folders, filepath.Dir(file))
	}
	return folders
}

// render builds one kustomization.
func render(t *testing.T, folder string) []unstructured.Unstructured {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	var objects []unstructured.Unstructured
	for _, one := range built.Resources() {
		raw, err := one.AsYAML()
		if err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		var object unstructured.Unstructured
		if err := yaml.Unmarshal(raw, &object.Object); err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		objects = append(objects, object)
	}
	return objects
}

// only returns the objects of these kinds.
func only(objects []unstructured.Unstructured, kinds ...string) []unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(o unstructured.Unstructured) bool {
		return !slices.Contains(kinds, o.GetKind())
	})
}

// typed converts an object into its Go type, and refuses fields that it lacks.
func typed[T any](t *testing.T, object unstructured.Unstructured) T {
	t.Helper()
	var into T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &into, true); err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	return into
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
