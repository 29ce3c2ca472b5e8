package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// TestSampleManifests: the API server accepts every sample, and the first one
// becomes a cluster as it is.
func TestSampleManifests(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	files, err := filepath.Glob(world.path("config", "samples", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		checked++
		kubectl(t, "-n", s.name, "apply", "--dry-run=server", "-f", file)
	}
	if checked < 4 {
		t.Errorf("there are only %d samples in %v", checked, files)
	}
	first := world.path("config", "samples", "etcdcluster.yaml")
	if _, err := os.Stat(first); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "-n", s.name, "apply", "-f", first)
	c := &cluster{s, "demo"}
	c.waitReady()
	c.write("sample", 3).verify()
}
