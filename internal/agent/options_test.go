package agent

import (
	"strings"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"
)

func TestOptionsAreEtcdsOwnFlags(t *testing.T) {
	t.Parallel()
	c := embed.NewConfig()
	must(t, applyOptions(c, []string{
		"quota-backend-bytes=4026531840", "snapshot-count=5000", "auto-compaction-mode=revision",
		"auto-compaction-retention=1000", "heartbeat-interval=50", "election-timeout=500", "max-request-bytes=2000000",
		"cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "max-concurrent-streams=77",
	}))
	if c.QuotaBackendBytes != 4026531840 || c.SnapshotCount != 5000 || c.AutoCompactionMode != "revision" ||
		c.TickMs != 50 || c.ElectionMs != 500 || c.MaxRequestBytes != 2000000 ||
		len(c.CipherSuites) != 1 || c.MaxConcurrentStreams != 77 {
		t.Errorf("got %+v", c)
	}
}

// Without options, and with one that sets something else, every default stays.
func TestOptionsLeaveDefaultsAlone(t *testing.T) {
	t.Parallel()
	untouched, touched := embed.NewConfig(), embed.NewConfig()
	must(t, applyOptions(touched, []string{"snapshot-count=1"}))
	if touched.MaxConcurrentStreams != untouched.MaxConcurrentStreams || touched.AutoCompactionMode != untouched.AutoCompactionMode ||
		touched.MaxRequestBytes != untouched.MaxRequestBytes || touched.PreVote != untouched.PreVote ||
		touched.StrictReconfigCheck != untouched.StrictReconfigCheck || touched.LogLevel != untouched.LogLevel ||
		len(touched.CipherSuites) != 0 {
		t.Errorf("a default changed: %+v", touched)
	}
}

func TestOptionsOfTheAgentAreRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"name", "data-dir", "wal-dir", "listen-peer-urls", "listen-client-urls", "listen-client-http-urls", "listen-metrics-urls",
		"initial-cluster", "initial-cluster-state", "initial-cluster-token", "initial-advertise-peer-urls", "advertise-client-urls",
		"discovery", "discovery-srv", "cert-file", "key-file", "trusted-ca-file", "client-cert-auth", "client-crl-file", "auto-tls",
		"peer-cert-file", "peer-auto-tls", "peer-skip-client-san-verification", "tls-min-version", "self-signed-cert-validity",
		"force-new-cluster", "unsafe-no-fsync", "strict-reconfig-check", "pre-vote", "enable-grpc-gateway",
		"logger", "log-outputs", "log-format", "enable-log-rotation", "config-file",
	} {
		err := applyOptions(embed.NewConfig(), []string{key + "=x"})
		if err == nil || !strings.Contains(err.Error(), "set by Quorate") {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := applyOptions(embed.NewConfig(), []string{"snapshot-count"}); err == nil {
		t.Error("an option without a value was taken")
	}
}
