package observe

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

const (
	drillTimeout  = time.Hour
	drillInterval = 7 * 24 * time.Hour
)

// DrillSight is what was seen of the drills of a schedule.
type DrillSight struct {
	Observation drill.Observation
	// Terms are those that hold for drills now; zero where none are asked for.
	Terms schedule.Terms
	// Cluster is the throw-away cluster that is there; nil when none is.
	Cluster *v1alpha1.EtcdCluster
}

// Drill observes the drills of a schedule that was seen.
func (o *Observer) Drill(ctx context.Context, s *v1alpha1.EtcdBackupSchedule, seen *ScheduleSight) (*DrillSight, error) {
	sight := &DrillSight{Observation: drill.Observation{
		Created: s.CreationTimestamp.Time, Cluster: drill.Cluster{Name: s.Spec.ClusterName, Found: seen.Observation.Cluster.Found},
	}}
	at := &sight.Observation
	sight.Terms = askDrills(at, s, o.Now())
	for _, b := range seen.protecting {
		if b.Leaving.IsZero() {
			at.Backups = append(at.Backups, schedule.Backup{Name: b.Name, Created: b.Created, Verified: b.Proven()})
		}
	}
	names := []string{}
	if run := s.Status.Drill; run != nil {
		at.Begun = &drill.Begun{Name: run.Name, Backup: run.Backup, Started: run.StartedAt.Time}
		names = append(names, run.Name)
	}
	if end := s.Status.LastDrill; end != nil {
		at.Ended = end.Name
		names = append(names, end.Name)
	}
	own, others, err := o.drillClusters(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, c := range own {
		names = append(names, c.Name)
	}
	for _, name := range names {
		if slot, ok := schedule.DrillSlotOf(s.Name, name); ok {
			at.Made = append(at.Made, slot)
		}
	}
	at.Others = others
	if sight.Cluster = current(own, at.Begun); sight.Cluster != nil {
		at.Current, err = o.drillCluster(ctx, sight.Cluster, at.Ended)
	}
	return sight, err
}

// askDrills reads what is asked for, and the terms that hold now. Those that are new
// hold from now on: an interval begins at once all the same.
func askDrills(at *drill.Observation, s *v1alpha1.EtcdBackupSchedule, now time.Time) schedule.Terms {
	asked := s.Spec.Drill
	if asked == nil {
		return schedule.Terms{}
	}
	at.Asked, at.Timeout = true, drillTimeout
	if asked.Timeout != nil {
		at.Timeout = asked.Timeout.Duration
	}
	at.Drill = schedule.Drill{Schedule: s.Name, UID: string(s.UID), Suspended: s.Spec.Suspend}
	if s.Spec.Jitter != nil {
		at.Drill.Jitter = s.Spec.Jitter.Duration
	}
	slots, err := drillSlots(s)
	if err != nil {
		at.Malformed = err.Error()
		return schedule.Terms{Slots: at.Malformed, Suspended: s.Spec.Suspend, Since: now.Truncate(time.Second)}
	}
	at.Drill.Slots = slots
	terms := schedule.Terms{Slots: slots.String(), Suspended: s.Spec.Suspend, Since: now.Truncate(time.Second)}
	if before := s.Status.DrillTerms; before != nil {
		terms = readTermsOf(before).Renew(slots, s.Spec.Suspend, terms.Since)
	}
	at.Since = terms.Since
	return terms
}

func drillSlots(s *v1alpha1.EtcdBackupSchedule) (schedule.Slots, error) {
	asked := s.Spec.Drill
	if asked.Schedule != "" {
		slots, err := schedule.Parse(asked.Schedule, s.Spec.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("drill.%w", err)
		}
		return slots, nil
	}
	every := drillInterval
	if asked.Interval != nil {
		every = asked.Interval.Duration
	}
	slots, err := schedule.NewInterval(every, s.CreationTimestamp.Time)
	if err != nil {
		return nil, fmt.Errorf("drill.%w", err)
	}
	return slots, nil
}

// drillClusters are the throw-away clusters of a schedule, and the names of all other
// clusters beside it.
func (o *Observer) drillClusters(ctx context.Context, s *v1alpha1.EtcdBackupSchedule) (own []*v1alpha1.EtcdCluster, others []string, err error) {
	if s.Spec.Drill == nil && s.Status.DrillTerms == nil && s.Status.Drill == nil {
		return nil, nil, nil // it never had any
	}
	list := &v1alpha1.EtcdClusterList{}
	if err := o.Cached.List(ctx, list, client.InNamespace(s.Namespace)); err != nil {
		return nil, nil, fmt.Errorf("list EtcdClusters: %w", err)
	}
	for i := range list.Items {
		if c := &list.Items[i]; resource.OwnDrill(s, c) {
			own = append(own, c)
		} else {
			others = append(others, c.Name)
		}
	}
	return own, others, nil
}

// current is the one of several that is attended to: there is more than one only where
// somebody has changed labels. The recorded one comes first, then the oldest.
func current(own []*v1alpha1.EtcdCluster, begun *drill.Begun) *v1alpha1.EtcdCluster {
	if len(own) == 0 {
		return nil
	}
	for _, c := range own {
		if begun != nil && c.Name == begun.Name {
			return c
		}
	}
	return slices.MinFunc(own, func(a, b *v1alpha1.EtcdCluster) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
}
