//go:build !etcd35

package agent

import (
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/features"
)

func TestOptionsSince36(t *testing.T) {
	t.Parallel()
	c := embed.NewConfig()
	must(t, applyOptions(c, []string{"corrupt-check-time=4h", "feature-gates=InitialCorruptCheck=true"}))
	if c.CorruptCheckTime != 4*time.Hour || !c.ServerFeatureGate.Enabled(features.InitialCorruptCheck) {
		t.Errorf("got %+v", c)
	}
}
