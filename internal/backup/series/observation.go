package series

import (
	"time"

	"github.com/quorate/quorate/internal/snapshot/retention"
	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// Observation is what is known of a schedule at one moment.
type Observation struct {
	// Deleting: a person has deleted it.
	Deleting bool
	// Schedule is what is asked for. It has no Slots where Malformed says why the
	// spec cannot be used, beginning with the field below spec.
	Schedule  schedule.Spec
	Malformed string
	Policy    retention.Policy
	Cluster   Cluster
	// Created is when the schedule was, Since when its terms began to hold.
	Created, Since time.Time
	// Made has the slots that a backup was begun for.
	Made []time.Time
	// Backups are those of the schedule.
	Backups []Backup
	Look    Look
	// Drilled names the one that a drill is about to restore; it stays as long.
	Drilled string
}

// Cluster is what is known of the cluster to back up.
type Cluster struct {
	Name string
	// Found: there is such an EtcdCluster, and it is not being deleted.
	Found bool
	// Formed: it was born.
	Formed     bool
	Hibernated bool
}

// Backup is one EtcdBackup. Created is when its data was read, or the object was
// created where nothing was read yet.
type Backup struct {
	retention.Backup
	// Leaving is since when the object is being deleted; zero when it is not.
	Leaving time.Time
	// Retained: the data stays in the store when the object goes.
	Retained bool
	// Failure is why it failed, as sentences.
	Failure string
}

// Proven says whether it can be relied on.
func (b Backup) Proven() bool {
	return b.State == retention.Complete && (b.Verified == retention.Hash || b.Verified == retention.Restore)
}

// staying are the backups that nobody has deleted.
func staying(backups []Backup) []Backup {
	var stay []Backup
	for _, b := range backups {
		if b.Leaving.IsZero() {
			stay = append(stay, b)
		}
	}
	return stay
}

// With is the observation after a backup was made by a decision.
func (o Observation) With(d Decision, now time.Time) Observation {
	if d.Action == Record {
		o.Look.Recorded = o.Look.Began
	}
	if d.Action != Make {
		return o
	}
	o.Made = append(append([]time.Time(nil), o.Made...), d.Slot)
	o.Backups = append(append([]Backup(nil), o.Backups...), Backup{Backup: retention.Backup{Name: d.Backup, Created: now, State: retention.Running}})
	return o
}

// Running names the backups that have begun and not ended.
func (o Observation) Running() []string {
	var names []string
	for _, b := range staying(o.Backups) {
		if b.State != retention.Complete && b.State != retention.Failed && b.State != retention.Missing {
			names = append(names, b.Name)
		}
	}
	return names
}
