package config

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestGenerated: the CRDs and the deep-copy code are what the Go types say.
func TestGenerated(t *testing.T) {
	crds, code := t.TempDir(), t.TempDir()
	cmd := exec.Command("go", "run", "./api/crdgen", "-crd", crds, "-deepcopy", code)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	compare(t, filepath.Join(crds, "*.yaml"), "crd/bases")
	compare(t, filepath.Join(code, "*.go"), "../api/v1alpha1")
	if made, kept := files(t, filepath.Join(crds, "*.yaml")), files(t, "crd/bases/*.yaml"); len(made) != len(kept) {
		t.Errorf("%d CRDs are generated and %d are in crd/bases: remove what is no kind any more", len(made), len(kept))
	}
}

func compare(t *testing.T, pattern, folder string) {
	t.Helper()
	for _, made := range files(t, pattern) {
		kept := filepath.Join(folder, filepath.Base(made))
		if !bytes.Equal(read(t, made), read(t, kept)) {
			t.Errorf("%s is not what the Go types say: run `make generate`", kept)
		}
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("nothing matches %s: %v", pattern, err)
	}
	return found
}
