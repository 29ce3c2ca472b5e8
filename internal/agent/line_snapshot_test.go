//go:build etcd35 || etcd36

package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Before 3.7 etcd begins with the newest snapshot file that it can read. Where
// none is left, and the log goes back to its beginning, it begins with that: all
// is still there, and the agent has no reason to refuse.
func TestSnapshotFilesSpoilt(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, files []string){
		"the newest is garbage": func(t *testing.T, files []string) {
			must(t, os.WriteFile(files[len(files)-1], []byte("garbage"), 0o600))
		},
		"all are gone": func(t *testing.T, files []string) {
			for _, f := range files {
				must(t, os.Remove(f))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newCluster(t, 1, plain, func(c *Config) { c.Options = []string{"snapshot-count=10"} })[0]
			form(t, []*pod{p})
			fill(t, p, 60, 10)
			must(t, p.stop())
			files, err := filepath.Glob(filepath.Join(p.layout().snapDir(), "*.snap"))
			must(t, err)
			if len(files) < 2 {
				t.Fatalf("it made %d snapshots", len(files))
			}
			spoil(t, files)
			p.start()
			waitFor(t, "readiness", p.ready)
			got, err := p.etcd().Get(t.Context(), fmt.Sprintf("filled-%d", 59))
			must(t, err)
			if len(got.Kvs) != 1 {
				t.Errorf("got %v", got.Kvs)
			}
		})
	}
}
