package resource

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
)

const (
	mebibyte = int64(1) << 20
	gibibyte = int64(1) << 30

	// quotaReserve is what the volume keeps for the write-ahead log, snapshots
	// and the second copy of the database that a defragmentation writes; the
	// rest is halved for the same reason.
	quotaReserve = 512 * mebibyte
	quotaMost    = 8 * gibibyte // etcd advises against more
	quotaNoSize  = 2 * gibibyte // etcd's own default, for a member without a volume
)

// EtcdSettings returns the settings of the etcd server that the spec asks for,
// under the names that etcd's command line gives them.
func EtcdSettings(spec v1alpha1.EtcdClusterSpec) map[string]string {
	settings := maps.Clone(spec.Etcd.ExtraConfig)
	if settings == nil {
		settings = map[string]string{}
	}
	settings["quota-backend-bytes"] = strconv.FormatInt(QuotaBackendBytes(spec), 10)
	if c := spec.Etcd.AutoCompaction; c != nil {
		settings["auto-compaction-mode"] = string(compactionMode(c.Mode))
		settings["auto-compaction-retention"] = c.Retention
	}
	if n := spec.Etcd.SnapshotCount; n != nil {
		settings["snapshot-count"] = strconv.FormatInt(*n, 10)
	}
	if q := spec.Etcd.MaxRequestBytes; q != nil {
		settings["max-request-bytes"] = strconv.FormatInt(q.Value(), 10)
	}
	setMilliseconds(settings, "heartbeat-interval", spec.Etcd.HeartbeatInterval)
	setMilliseconds(settings, "election-timeout", spec.Etcd.ElectionTimeout)
	return settings
}

// QuotaBackendBytes returns the largest size of etcd's database.
func QuotaBackendBytes(spec v1alpha1.EtcdClusterSpec) int64 {
	switch size := spec.Storage.Size; {
	case spec.Etcd.QuotaBackend != nil:
		return spec.Etcd.QuotaBackend.Value()
	case size == nil || spec.Storage.Ephemeral != nil:
		return quotaNoSize
	default:
		return defaultQuota(*size)
	}
}

// defaultQuota is (size - 512Mi) / 2, at most 8Gi. Up to 1Gi it is a quarter
// of the size: there both meet, and a volume that grows never lowers its quota.
//
// RestartHash covers the result: another formula restarts every member of
// every cluster that relies on the default.
func defaultQuota(size resource.Quantity) int64 {
	bytes := size.Value()
	if bytes <= gibibyte {
		return bytes / 4
	}
	return min((bytes-quotaReserve)/2, quotaMost)
}

func compactionMode(mode v1alpha1.CompactionMode) v1alpha1.CompactionMode {
	if mode == "" {
		return v1alpha1.CompactionPeriodic
	}
	return mode
}

func setMilliseconds(settings map[string]string, key string, d *metav1.Duration) {
	if d != nil {
		settings[key] = strconv.FormatInt(d.Milliseconds(), 10)
	}
}

// etcdArgs renders the settings for the member's command line, sorted. The
// kubelet expands $(NAME) in arguments; $$ keeps a value as it is.
func etcdArgs(settings map[string]string) []string {
	var args []string
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--etcd="+key+"="+strings.ReplaceAll(settings[key], "$(", "$$("))
	}
	return args
}
