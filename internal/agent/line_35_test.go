//go:build etcd35

package agent

import (
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/quorate/quorate/internal/control"
)

// 3.5 has its flags in its main: each has to reach embed's configuration.
func TestOptionsOf35(t *testing.T) {
	t.Parallel()
	c := embed.NewConfig()
	must(t, applyOptions(c, []string{
		"experimental-corrupt-check-time=4h", "experimental-initial-corrupt-check=true",
		"experimental-snapshot-catchup-entries=77", "experimental-compaction-batch-limit=500", "auth-token-ttl=60",
		"experimental-bootstrap-defrag-threshold-megabytes=9", "backend-batch-interval=20ms", "log-level=warn",
		"socket-reuse-address=true", "max-txn-ops=200", "grpc-keepalive-interval=1h", "raft-read-timeout=6s",
	}))
	if c.ExperimentalCorruptCheckTime != 4*time.Hour || !c.ExperimentalInitialCorruptCheck || c.SnapshotCatchUpEntries != 77 ||
		c.ExperimentalCompactionBatchLimit != 500 || c.AuthTokenTTL != 60 || c.ExperimentalBootstrapDefragThresholdMegabytes != 9 ||
		c.BackendBatchInterval != 20*time.Millisecond || c.LogLevel != "warn" || !c.SocketOpts.ReuseAddress ||
		c.MaxTxnOps != 200 || c.GRPCKeepAliveInterval != time.Hour {
		t.Errorf("got %+v", c)
	}
	hours := embed.NewConfig()
	must(t, applyOptions(hours, []string{"auto-compaction-retention=8h"}))
	if hours.AutoCompactionMode != embed.CompactorModePeriodic {
		t.Errorf("a retention without a mode: %q", hours.AutoCompactionMode)
	}
	for option, says := range map[string]string{
		"feature-gates=InitialCorruptCheck=true": "no setting", // since 3.6
		"corrupt-check-time=4h":                  "no setting",
		"experimental-snapshot-catch-up-entries": "want KEY=VALUE",
		"enable-v2=true":                         "set by Quorate", // 3.6 starts on no data of the second API
		"experimental-enable-v2v3=/x":            "set by Quorate",
		"v2-deprecation=not-yet":                 "set by Quorate",
	} {
		if err := applyOptions(embed.NewConfig(), []string{option}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", option, err)
		}
	}
}

// On data of the second API 3.6 does not start: no step there begins.
func TestDataOfTheSecondAPI(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	server := p.agent.look().server.Server
	put := func(method string) {
		_, err := server.Do(t.Context(), etcdserverpb.Request{Method: method, Path: "/1/old", Val: "v"})
		must(t, err)
	}
	put("PUT")
	_, r := p.prepareFor("3.6")
	if r.Step.State != control.StepBlocked || !strings.Contains(r.Step.Message, "second API") || r.Volume.Kept != "" {
		t.Errorf("with data of the second API: %+v, kept before %q", r.Step, r.Volume.Kept)
	}
	put("DELETE")
	waitFor(t, "the preparation", func() bool { return p.report().Step.State == control.StepReady })
}
