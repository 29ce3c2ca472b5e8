package observe

import (
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// What spec.maintenance.defragmentation is where it says nothing.
const (
	defaultFreePercent = 45
	defaultMinFree     = 100 << 20
	defaultMaxPause    = 30 * time.Second
	// window is how long after a moment of the schedule a defragmentation may begin.
	window = time.Hour
)

// defragmentation is what the spec asks for at this moment.
func defragmentation(c *v1alpha1.EtcdCluster, now time.Time) plan.Defragmentation {
	spec := c.Spec.Maintenance.Defragmentation
	d := plan.Defragmentation{Now: !spec.Disabled, FreePercent: defaultFreePercent, MinFree: defaultMinFree, MaxPause: defaultMaxPause.Seconds()}
	if spec.FreePercent != nil {
		d.FreePercent = int64(*spec.FreePercent)
	}
	if spec.MinFree != nil {
		d.MinFree = spec.MinFree.Value()
	}
	if spec.MaxPause != nil {
		d.MaxPause = spec.MaxPause.Seconds()
	}
	if spec.Disabled || spec.Schedule == "" {
		return d
	}
	slots, err := schedule.Parse(spec.Schedule, "")
	if err != nil {
		d.Now, d.Malformed = false, err.Error()
		return d
	}
	d.Now = !slots.Next(now.Add(-window)).After(now)
	return d
}
