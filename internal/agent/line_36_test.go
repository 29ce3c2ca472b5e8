//go:build etcd36

package agent

import (
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/features"
)

// 3.6 still takes the settings of 3.5, by their old names.
func TestOptionsOf36(t *testing.T) {
	t.Parallel()
	c := embed.NewConfig()
	must(t, applyOptions(c, []string{"experimental-corrupt-check-time=4h", "experimental-initial-corrupt-check=true"}))
	if c.CorruptCheckTime != 4*time.Hour || !c.ServerFeatureGate.Enabled(features.InitialCorruptCheck) {
		t.Errorf("got %+v", c)
	}
	for _, both := range [][]string{
		{"experimental-corrupt-check-time=4h", "corrupt-check-time=5h"},
		{"experimental-initial-corrupt-check=true", "feature-gates=InitialCorruptCheck=false"},
	} {
		if err := applyOptions(embed.NewConfig(), both); err == nil || !strings.Contains(err.Error(), "etcd setting") {
			t.Errorf("%q: %v", both, err)
		}
	}
}
