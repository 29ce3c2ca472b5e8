package agent

import (
	"flag"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/pkg/v3/flags"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap/zapcore"
)

// owned are the settings that the agent derives itself, or that would break a
// promise: where etcd listens, who it is, what it trusts, that it syncs.
var owned = []string{
	"name", "data-dir", "wal-dir", "listen-*", "initial-*", "*advertise*", "discovery*",
	"*cert*", "*tls*", "*crl*", "*trusted-ca*", "*key-file", "peer-*", "client-*",
	"force-new-cluster", "unsafe-*", "strict-reconfig-check", "pre-vote", "enable-grpc-gateway",
	"logger", "log-outputs", "log-format", "*log-rotation*", "config-file", "v2-*", "enable-v2", "*-enable-v2v3",
}

// etcdFlags guards the two package variables of rafthttp that etcd's flags set
// and a starting server reads.
var etcdFlags sync.RWMutex

// applyOptions sets KEY=VALUE, KEY being the name of etcd's own flag.
func applyOptions(c *embed.Config, options []string) error {
	if len(options) == 0 {
		return nil
	}
	etcdFlags.Lock()
	defer etcdFlags.Unlock()
	set := flag.NewFlagSet("etcd", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	addFlags(c, set)
	for _, option := range options {
		key, value, found := strings.Cut(option, "=")
		if !found {
			return fmt.Errorf("etcd setting %q: want KEY=VALUE", option)
		}
		if isOwned(key) {
			return fmt.Errorf("etcd setting %q is set by Quorate and cannot be changed; remove it", key)
		}
		if set.Lookup(key) == nil {
			return fmt.Errorf("etcd %s has no setting %q; remove it", BinaryVersion(), key)
		}
		if err := set.Set(key, value); err != nil {
			return fmt.Errorf("etcd setting %s=%q: %w", key, value, err)
		}
	}
	if err := finishFlags(c, set); err != nil {
		return err
	}
	collectLists(c, set)
	return checkUnchecked(c)
}

func isOwned(key string) bool {
	return slices.ContainsFunc(owned, func(pattern string) bool {
		match, _ := path.Match(pattern, key)
		return match
	})
}

// collectLists copies the flags that AddFlags binds to nothing.
func collectLists(c *embed.Config, set *flag.FlagSet) {
	c.CORS = flags.UniqueURLsMapFromFlag(set, "cors")
	c.HostWhitelist = flags.UniqueStringsMapFromFlag(set, "host-whitelist")
	c.CipherSuites = flags.StringsFromFlag(set, "cipher-suites")
	c.MaxConcurrentStreams = flags.Uint32FromFlag(set, "max-concurrent-streams")
}

// checkUnchecked repeats what embed checks only while starting, and what it
// panics at.
func checkUnchecked(c *embed.Config) error {
	if _, err := zapcore.ParseLevel(c.LogLevel); err != nil {
		return fmt.Errorf("etcd setting log-level: %w", err)
	}
	retention := c.AutoCompactionRetention
	if n, err := strconv.Atoi(retention); err == nil && n >= 0 {
		return nil
	}
	if d, err := time.ParseDuration(retention); err != nil || d < 0 {
		return fmt.Errorf("etcd setting auto-compaction-retention=%q: want a number or a duration such as 8h", retention)
	}
	return nil
}
