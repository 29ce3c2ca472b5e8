package observe

import (
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
)

// A schedule opens for an hour; one that cannot be read, or never comes true,
// never does, and says so.
func TestDefragmentationByTheClock(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		now, err := time.Parse(time.RFC3339, "2026-11-28T"+clock+"+02:00")
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	for _, c := range []struct {
		schedule, clock string
		disabled, want  bool
	}{
		{"", "12:00:00", false, true},
		{"", "12:00:00", true, false},
		{"30 2 * * *", "04:29:59", false, false}, // two hours ahead of UTC
		{"30 2 * * *", "04:30:00", false, true},
		{"30 2 * * *", "05:29:59", false, true},
		{"30 2 * * *", "05:30:00", false, false},
		{"30 2 * * *", "04:45:00", true, false},
		{"30 2 * * 6", "04:45:00", false, true}, // a Saturday
		{"30 2 * * 0", "04:45:00", false, false},
	} {
		cluster := &v1alpha1.EtcdCluster{}
		cluster.Spec.Maintenance.Defragmentation = v1alpha1.Defragmentation{Schedule: c.schedule, Disabled: c.disabled}
		if got := defragmentation(cluster, at(c.clock)); got.Now != c.want || got.Malformed != "" {
			t.Errorf("%q at %s, disabled %t: %+v", c.schedule, c.clock, c.disabled, got)
		}
	}
	for schedule, malformed := range map[string]string{"0 5-3 * * *": "beyond end of range", "0 0 30 2 *": "it never comes true"} {
		cluster := &v1alpha1.EtcdCluster{}
		cluster.Spec.Maintenance.Defragmentation.Schedule = schedule
		if got := defragmentation(cluster, at("12:00:00")); got.Now || !strings.Contains(got.Malformed, malformed) {
			t.Errorf("%q: %+v", schedule, got)
		}
	}
}
