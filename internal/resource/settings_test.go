package resource_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/resource"
)

func TestQuota(t *testing.T) {
	const mi = int64(1) << 20
	for _, tc := range []struct {
		size, quota string
		want        int64
	}{
		{size: "300Mi", want: 75 * mi},
		{size: "1Gi", want: 256 * mi},
		{size: "1025Mi", want: 256*mi + mi/2},
		{size: "2Gi", want: 768 * mi},
		{size: "8Gi", want: 3840 * mi},
		{size: "10G", want: 4731564544},
		{size: "16Gi", want: 7936 * mi},
		{size: "16896Mi", want: 8192 * mi},
		{size: "17Gi", want: 8192 * mi},
		{size: "1Ti", want: 8192 * mi},
		{size: "", want: 2048 * mi}, // ephemeral
		{size: "8Gi", quota: "1Gi", want: 1024 * mi},
		{size: "", quota: "100M", want: 100_000_000},
	} {
		spec := inputs().Cluster.Spec
		spec.Storage = v1alpha1.Storage{Ephemeral: &v1alpha1.EphemeralStorage{}}
		if tc.size != "" {
			spec.Storage = v1alpha1.Storage{Size: amount(tc.size)}
		}
		if tc.quota != "" {
			spec.Etcd.QuotaBackend = amount(tc.quota)
		}
		if got := resource.QuotaBackendBytes(spec); got != tc.want {
			t.Errorf("size %q, quota %q: %d, want %d", tc.size, tc.quota, got, tc.want)
		}
	}
}

// A volume that grows never lowers its quota, and never exceeds it.
func TestQuotaGrowsWithTheVolume(t *testing.T) {
	spec := inputs().Cluster.Spec
	last := int64(0)
	for size := int64(64 << 20); size < 40<<30; size += 61 << 20 {
		spec.Storage.Size = kresource.NewQuantity(size, kresource.BinarySI)
		got := resource.QuotaBackendBytes(spec)
		if got < last || got > size/2 {
			t.Fatalf("size %d: quota %d after %d", size, got, last)
		}
		last = got
	}
}

func TestEtcdSettings(t *testing.T) {
	for _, tc := range []struct {
		name string
		etcd v1alpha1.EtcdConfiguration
		want string
	}{
		{"none", v1alpha1.EtcdConfiguration{}, ""},
		{"compaction by default is periodic", v1alpha1.EtcdConfiguration{AutoCompaction: &v1alpha1.AutoCompaction{Retention: "1h"}},
			"auto-compaction-mode=periodic auto-compaction-retention=1h"},
		{"compaction", v1alpha1.EtcdConfiguration{AutoCompaction: &v1alpha1.AutoCompaction{Mode: "revision", Retention: "500"}},
			"auto-compaction-mode=revision auto-compaction-retention=500"},
		{"times are in milliseconds", v1alpha1.EtcdConfiguration{
			HeartbeatInterval: &metav1.Duration{Duration: 200 * time.Millisecond},
			ElectionTimeout:   &metav1.Duration{Duration: 2 * time.Second},
		}, "election-timeout=2000 heartbeat-interval=200"},
		{"numbers", v1alpha1.EtcdConfiguration{SnapshotCount: ptr.To[int64](10), MaxRequestBytes: amount("1536Ki")},
			"max-request-bytes=1572864 snapshot-count=10"},
		{"extra, and nothing that the kubelet would expand", v1alpha1.EtcdConfiguration{ExtraConfig: map[string]string{
			"max-txn-ops": "256", "cors": "$(POD_NAME) $5"}}, "cors=$$(POD_NAME) $5 max-txn-ops=256"},
	} {
		in := inputs()
		in.Cluster.Spec.Etcd = tc.etcd
		var got []string
		for _, arg := range resource.StatefulSet(in).Spec.Template.Spec.Containers[0].Args {
			if setting, ok := strings.CutPrefix(arg, "--etcd="); ok && !strings.HasPrefix(setting, "quota-") {
				got = append(got, setting)
			}
		}
		if joined := strings.Join(got, " "); joined != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, joined, tc.want)
		}
	}
}

// The builders copy what they are given: the cache's objects are shared.
func TestBuildersLeaveTheClusterAlone(t *testing.T) {
	in := everything()
	before := in.Cluster.DeepCopy()
	for _, obj := range resource.Objects(in) {
		obj.GetLabels()["x"] = "y"
	}
	resource.EtcdSettings(in.Cluster.Spec)["x"] = "y"
	if diff := cmp.Diff(before, in.Cluster); diff != "" {
		t.Errorf("the EtcdCluster changed:\n%s", diff)
	}
}
