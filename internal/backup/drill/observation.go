package drill

import (
	"time"

	"github.com/quorate/quorate/internal/snapshot/schedule"
)

// Observation is what is known of the drills of a schedule at one moment.
type Observation struct {
	// Asked: drills are asked for.
	Asked bool
	// Malformed says why what is asked for cannot be used, beginning with the field
	// below spec; Drill then has no Slots.
	Malformed string
	Drill     schedule.Drill
	// Timeout is how long a drill may take.
	Timeout time.Duration
	// Created is when the schedule was, Since when its terms for drills began to
	// hold, Made the slots that a drill was begun for.
	Created, Since time.Time
	Made           []time.Time
	// Backups are those that may be tried.
	Backups []schedule.Backup
	Cluster Cluster
	// Current is the throw-away cluster that is there; nil when none is.
	Current *Current
	// Begun is the drill that was recorded as begun and not as ended; nil when none
	// is.
	Begun *Begun
	// Ended names the drill that was last recorded as ended.
	Ended string
	// Others are the EtcdClusters in the namespace that belong to no drill of this
	// schedule.
	Others []string
}

// Cluster is the one that is backed up.
type Cluster struct {
	Name string
	// Found: there is such an EtcdCluster, and it is not being deleted.
	Found bool
}

// Begun is a drill that has begun.
type Begun struct {
	// Name is that of the throw-away cluster.
	Name, Backup string
	Started      time.Time
}

// Current is a throw-away cluster.
type Current struct {
	Begun
	// Leaving: it is being deleted.
	Leaving bool
	// Failed is why nothing will come of it, as sentences; empty while something may.
	Failed string
	// Serving is since when it serves; zero while it does not.
	Serving time.Time
	// Waiting is what it, or who asks for its keys, waits for, as sentences.
	Waiting string
	// Shown is what its data is; nil until it was asked.
	Shown *Data
}

// With is the observation after a decision was carried out.
func (o Observation) With(d Decision, now time.Time) Observation {
	switch d.Action {
	case Begin:
		begun := Begun{Name: d.Name, Backup: d.Backup, Started: now.Truncate(time.Second)}
		o.Current, o.Begun = &Current{Begun: begun}, &begun
		o.Made = append(append([]time.Time(nil), o.Made...), d.Slot)
	case Record:
		o.Begun, o.Ended = nil, d.Name
	case Remove:
		leaving := *o.Current
		leaving.Leaving = true
		o.Current = &leaving
	case None:
	}
	return o
}
