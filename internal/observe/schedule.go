package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/snapshot/retention"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// ScheduleSight is what was seen of a schedule.
type ScheduleSight struct {
	Observation series.Observation
	// Terms are those that hold now.
	Terms schedule.Terms
	// Cluster is the one to back up; nil when there is none.
	Cluster *v1alpha1.EtcdCluster
	// Backups are the schedule's own, by name.
	Backups map[string]*v1alpha1.EtcdBackup

	// Tidying is the Job that looks through the store; nil when there is none.
	Tidying *batchv1.Job

	protecting []series.Backup
	from       series.Source
}

// With is what there is after a decision was carried out.
func (s *ScheduleSight) With(d series.Decision, now time.Time) {
	before := len(s.Observation.Backups)
	s.Observation = s.Observation.With(d, now)
	s.protecting = append(s.protecting, s.Observation.Backups[before:]...)
}

// Health is that of the schedule's own backups, the next of which is made then.
func (s *ScheduleSight) Health(next, now time.Time) series.Health {
	from, c := s.from, s.Observation.Cluster
	from.Next, from.Drill = next, "" // it has a condition for its drills
	if !c.Found {
		from.Idle = "has no cluster to back up"
	}
	return series.HealthOf(s.protecting, []series.Source{from}, !c.Formed || c.Hibernated, now)
}

// Schedule observes one EtcdBackupSchedule.
func (o *Observer) Schedule(ctx context.Context, s *v1alpha1.EtcdBackupSchedule) (*ScheduleSight, error) {
	sight := &ScheduleSight{Backups: map[string]*v1alpha1.EtcdBackup{}}
	cluster, err := o.backedUp(ctx, s.Namespace, s.Spec.ClusterName)
	if err != nil {
		return nil, err
	}
	sight.Cluster, sight.from = cluster, source(s, cluster)
	backups := &v1alpha1.EtcdBackupList{}
	if err := o.Cached.List(ctx, backups, client.InNamespace(s.Namespace)); err != nil {
		return nil, fmt.Errorf("list EtcdBackups: %w", err)
	}
	seen := &sight.Observation
	slots, malformed := readSlots(s)
	sight.Terms = readTerms(s, slots, o.Now())
	c := backupCluster(s.Spec.ClusterName, cluster)
	*seen = series.Observation{
		Deleting: s.DeletionTimestamp != nil, Malformed: malformed, Schedule: scheduleSpec(s, slots), Policy: policy(s, slots),
		Cluster: series.Cluster{Name: c.Name, Found: c.Found, Formed: c.Formed, Hibernated: c.Hibernated},
		Created: s.CreationTimestamp.Time, Since: sight.Terms.Since,
	}
	if t := s.Status.LastScheduleTime; t != nil {
		seen.Made = append(seen.Made, t.Time)
	}
	for i := range backups.Items {
		b := &backups.Items[i]
		if slot, ok := schedule.SlotOf(s.Name, b.Name); ok {
			seen.Made = append(seen.Made, slot)
		}
		if one := oneOf(b); b.Spec.ClusterName == s.Spec.ClusterName && (one.State == retention.Running || !one.Leaving.IsZero()) {
			seen.Look.Busy = append(seen.Look.Busy, b.Name)
		}
		if b.Labels[v1alpha1.LabelSchedule] != s.Name || b.Spec.ClusterName != s.Spec.ClusterName {
			continue
		}
		sight.Backups[b.Name] = b
		seen.Backups = append(seen.Backups, oneOf(b))
		if protects(b, cluster) {
			sight.protecting = append(sight.protecting, oneOf(b))
		}
	}
	return sight, o.storeLook(ctx, s, sight)
}

// backedUp is the cluster of a name, or nil.
func (o *Observer) backedUp(ctx context.Context, namespace, name string) (*v1alpha1.EtcdCluster, error) {
	cluster := &v1alpha1.EtcdCluster{}
	err := o.Cached.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, cluster)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read EtcdCluster %s: %w", name, err)
	}
	if err != nil {
		return nil, nil
	}
	return cluster, nil
}

// readSlots is nil with what is wrong where the spec has no slots.
func readSlots(s *v1alpha1.EtcdBackupSchedule) (slots *schedule.Cron, malformed string) {
	slots, err := schedule.Parse(s.Spec.Schedule, s.Spec.TimeZone)
	if err != nil {
		return nil, err.Error()
	}
	return slots, ""
}

// readTerms are those that hold now. What cannot be used is remembered too: what it
// is mended into holds from then on.
func readTerms(s *v1alpha1.EtcdBackupSchedule, slots *schedule.Cron, now time.Time) schedule.Terms {
	var before schedule.Terms
	if t := s.Status.Terms; t != nil {
		before = readTermsOf(t)
	}
	if slots == nil {
		return schedule.Terms{Slots: s.Spec.Schedule + " " + s.Spec.TimeZone, Suspended: s.Spec.Suspend, Since: before.Since}
	}
	return before.Renew(slots, s.Spec.Suspend, now.Truncate(time.Second))
}

func readTermsOf(t *v1alpha1.ScheduleTerms) schedule.Terms {
	terms := schedule.Terms{Slots: t.Slots, Suspended: t.Suspended}
	if t.Since != nil {
		terms.Since = t.Since.Time
	}
	return terms
}

func scheduleSpec(s *v1alpha1.EtcdBackupSchedule, slots *schedule.Cron) schedule.Spec {
	spec := schedule.Spec{Schedule: s.Name, UID: string(s.UID), Suspended: s.Spec.Suspend, Immediate: s.Spec.Immediate}
	if slots != nil {
		spec.Slots = slots
	}
	if d := s.Spec.Jitter; d != nil {
		spec.Jitter = d.Duration
	}
	if d := s.Spec.StartingDeadline; d != nil {
		spec.StartingDeadline = d.Duration
	}
	return spec
}

func policy(s *v1alpha1.EtcdBackupSchedule, slots *schedule.Cron) retention.Policy {
	r := s.Spec.Retention
	if r == nil || slots == nil {
		return retention.Policy{}
	}
	p := retention.Policy{
		KeepLast: int(r.KeepLast), Hourly: int(r.Hourly), Daily: int(r.Daily), Weekly: int(r.Weekly),
		Monthly: int(r.Monthly), Yearly: int(r.Yearly), KeepFailed: int(r.KeepFailed), Zone: slots.Zone(),
	}
	if d := r.KeepWithin; d != nil {
		p.KeepWithin = d.Duration
	}
	if d := r.KeepFailedWithin; d != nil {
		p.KeepFailedWithin = d.Duration
	}
	return p
}

// oneOf is what schedules and health know of a backup.
func oneOf(b *v1alpha1.EtcdBackup) series.Backup {
	one := series.Backup{Retained: b.Spec.DeletionPolicy != v1alpha1.DeletionDelete}
	one.Name, one.Created, one.State = b.Name, b.CreationTimestamp.Time, retention.Running
	if t := b.Status.StartedAt; t != nil {
		one.Created = t.Time
	}
	if t := b.DeletionTimestamp; t != nil {
		one.Leaving = t.Time
	}
	switch recordedOutcome(b) {
	case backup.OutcomeComplete:
		one.State, one.Verified = retention.Complete, retention.Verification(b.Status.Verified)
		if meta.IsStatusConditionFalse(b.Status.Conditions, v1alpha1.ConditionAvailable) {
			one.State = retention.Missing
		}
	case backup.OutcomeFailed:
		one.State, one.Failure = retention.Failed, failure(b)
	}
	return one
}

func failure(b *v1alpha1.EtcdBackup) string {
	return meta.FindStatusCondition(b.Status.Conditions, v1alpha1.ConditionFailed).Message
}

// protects reports whether a backup is of this very cluster, and not of a former one
// of its name. Before it is complete it has not said whose it is.
func protects(b *v1alpha1.EtcdBackup, c *v1alpha1.EtcdCluster) bool {
	switch {
	case c == nil:
		return true
	case b.Status.ClusterID != "":
		return b.Status.ClusterID == c.Status.ClusterID
	default:
		return !b.CreationTimestamp.Before(&c.CreationTimestamp)
	}
}

// source is a schedule as far as the health of a cluster's backups goes.
func source(s *v1alpha1.EtcdBackupSchedule, c *v1alpha1.EtcdCluster) series.Source {
	slots, malformed := readSlots(s)
	from := series.Source{Name: s.Name, Since: s.CreationTimestamp.Time}
	if t := s.Status.Terms; t != nil && t.Since != nil && t.Since.After(from.Since) {
		from.Since = t.Since.Time
	}
	if c != nil && c.CreationTimestamp.After(from.Since) {
		from.Since = c.CreationTimestamp.Time
	}
	if t := s.Status.NextScheduleTime; t != nil {
		from.Next = t.Time
	}
	if last := s.Status.LastDrill; s.Spec.Drill != nil && last != nil && meta.IsStatusConditionFalse(s.Status.Conditions, v1alpha1.ConditionDrilled) {
		from.Drill = last.Message
	}
	switch {
	case malformed != "":
		from.Idle = "cannot be used: spec." + malformed
	case s.Spec.Suspend:
		from.Idle = "is suspended"
	default:
		from.Slots = slots
		from.Offset = schedule.Offset(string(s.UID), scheduleSpec(s, slots).Jitter)
	}
	return from
}

// backups says how healthy the backups of a cluster are. Nothing is destroyed by
// that word: it comes from the cache even where the rest is confirmed.
func (o *Observer) backups(ctx context.Context, c *v1alpha1.EtcdCluster) (series.Health, error) {
	all := &v1alpha1.EtcdBackupList{}
	if err := o.comparing().List(ctx, all, client.InNamespace(c.Namespace)); err != nil {
		return series.Health{}, fmt.Errorf("list EtcdBackups: %w", err)
	}
	schedules := &v1alpha1.EtcdBackupScheduleList{}
	if err := o.comparing().List(ctx, schedules, client.InNamespace(c.Namespace)); err != nil {
		return series.Health{}, fmt.Errorf("list EtcdBackupSchedules: %w", err)
	}
	var own []series.Backup
	for i := range all.Items {
		if b := &all.Items[i]; b.Spec.ClusterName == c.Name && protects(b, c) {
			own = append(own, oneOf(b))
		}
	}
	var sources []series.Source
	for i := range schedules.Items {
		if s := &schedules.Items[i]; s.Spec.ClusterName == c.Name && s.DeletionTimestamp == nil {
			sources = append(sources, source(s, c))
		}
	}
	slices.SortFunc(sources, func(a, b series.Source) int { return strings.Compare(a.Name, b.Name) })
	return series.HealthOf(own, sources, c.Status.ClusterID == "" || c.Spec.Hibernated, o.Now()), nil
}
