package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

const controllerGen = "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0"

// maxCRDBytes is what `kubectl apply` can note in an annotation.
const maxCRDBytes = 262144

// generate runs controller-gen in the repository's root, tightens every CRD
// that it wrote, and refuses one that plain `kubectl apply` could not carry.
func generate(crdDir, codeDir string) error {
	if err := runControllerGen(crdDir, codeDir); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(crdDir, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := tightenFile(file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func runControllerGen(crdDir, codeDir string) error {
	cmd := exec.Command("go", "run", controllerGen, "paths=./api/v1alpha1",
		"object:headerFile=/dev/null", "output:object:dir="+codeDir,
		"crd", "output:crd:dir="+crdDir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

func tightenFile(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var crd map[string]any
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		return err
	}
	if err := tighten(crd); err != nil {
		return err
	}
	out, err := yaml.Marshal(crd)
	if err != nil {
		return err
	}
	out = append([]byte("---\n"), out...)
	if len(out) >= maxCRDBytes {
		return fmt.Errorf("%d bytes, but `kubectl apply` carries less than %d: shorten descriptions", len(out), maxCRDBytes)
	}
	return os.WriteFile(file, out, 0o644)
}
