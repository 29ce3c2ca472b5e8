package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// A database that has reached its quota raises the NOSPACE alarm, and then no
// member of the cluster takes a write before the alarm is disarmed. Where there
// is space to be had, space takes it. Where there is none, noSpace says so,
// after all that may bring some: a rollout with a larger quota above all.

// full are the members that NOSPACE alarms name, by any agent that runs.
func (w *world) full() []etcd.MemberID {
	var found []etcd.MemberID
	for _, m := range w.Members {
		if m.Agent == nil || m.Agent.Etcd == nil {
			continue
		}
		for _, id := range m.Agent.Etcd.NoSpace {
			if !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	slices.Sort(found)
	return found
}

// crowded reports whether so many bytes are too near to a quota to end the alarm:
// the next write would raise it again.
func crowded(size, quota int64) bool { return quota > 0 && size > quota/10*9 }

// gains reports whether a copy of a crowded database has room for a good while.
// Where it would be full again soon, members would be copied over and over. What
// a compaction has freed shows as free only after the next write, and there is
// none: after each compaction a copy is worth it once.
func gains(e *control.Etcd) bool {
	compacted := e.Compacted > 0 && (e.Defragmented == nil || e.Defragmented.Compacted < e.Compacted)
	return crowded(e.DBSize, e.Quota) && (compacted || roomy(e.DBSizeInUse, e.Quota))
}

// roomy reports whether so many bytes leave room for a good while.
func roomy(size, quota int64) bool { return size <= quota/4*3 }

// space brings a full cluster back to writing: history goes if the spec allows
// it, then every database that gains by it is copied, then the alarm ends.
func space(w *world) *Decision {
	raised := w.full()
	if len(raised) == 0 {
		return nil
	}
	if revision, ok := w.compactable(); ok {
		return act(Compact{revision}, ReasonNoSpace, fmt.Sprintf("etcd refuses to write: the database of %s has reached its quota. The history of all keys up to revision %d is dropped, as spec.maintenance.compactOnNoSpace allows.", w.names(raised), revision))
	}
	if s, why, ok := w.nextDefragment(); ok {
		if len(w.unfit(s)) > 0 && !s.at.Agent.Etcd.Defragmenting {
			return nil // see noSpace
		}
		return w.defragment(s, "etcd refuses to write; "+why, ReasonNoSpace)
	}
	if len(w.crowdedVoters()) > 0 || len(w.unsound(0)) > 0 {
		return nil // see noSpace
	}
	return act(DisarmNoSpace{raised}, ReasonNoSpace, fmt.Sprintf("Every database is well below its quota again; the alarm of %s ends, and etcd writes.", w.names(raised)))
}

// compactable is the revision up to which history may go. Where even the last
// copy of a database was not roomy, it is keys that fill it: dropping history
// again and again would cost much and gain a few writes.
func (w *world) compactable() (revision int64, ok bool) {
	for _, s := range w.voters() {
		if !s.runs() || s.at.Agent.Etcd.Defragmenting {
			return 0, false
		}
		e := s.at.Agent.Etcd
		if e.Defragmented != nil && !roomy(e.Defragmented.Bytes, e.Quota) {
			return 0, false
		}
		revision = max(revision, e.Revision)
		ok = ok || e.Compacted < e.Revision
	}
	return revision, ok && w.CompactOnNoSpace && len(w.crowdedVoters()) > 0
}

func (w *world) crowdedVoters() []seat {
	return slices.DeleteFunc(w.voters(), func(s seat) bool {
		return !s.runs() || !crowded(s.at.Agent.Etcd.DBSize, s.at.Agent.Etcd.Quota)
	})
}

// noSpace says what a person can do about a full database.
func noSpace(w *world) *Decision {
	raised := w.full()
	if len(raised) == 0 {
		return nil
	}
	if s, why, ok := w.nextDefragment(); ok {
		return w.defragment(s, "etcd refuses to write; "+why, ReasonNoSpace)
	}
	var sizes []string
	for _, s := range w.voters() {
		if s.runs() {
			e := s.at.Agent.Etcd
			sizes = append(sizes, fmt.Sprintf("%s holds %s (%s in use) of %s", s.at.Name, mebibytes(e.DBSize), mebibytes(e.DBSizeInUse), mebibytes(e.Quota)))
			if why := failed(e); why != "" {
				sizes = append(sizes, string(s.at.Name)+why)
			}
		}
	}
	if others := w.unsound(0); len(others) > 0 {
		sizes = append(sizes, w.seatWhys(others))
	}
	next := "Delete keys and compact, or raise spec.etcd.quotaBackend (and spec.storage.size where it needs to)."
	if !w.CompactOnNoSpace {
		next = "Allow it to drop the history of all keys by spec.maintenance.compactOnNoSpace: true; or delete keys and compact yourself, or raise spec.etcd.quotaBackend (and spec.storage.size where it needs to)."
	}
	return blocked(ReasonNoSpace, fmt.Sprintf("etcd refuses to write: the database of %s has reached its quota. %s. %s What is compacted is given back by itself, and then etcd writes again.", w.names(raised), strings.Join(sizes, "; "), next))
}

// names are members by name where they have one.
func (w *world) names(of []etcd.MemberID) string {
	names := make([]string, len(of))
	for i, id := range of {
		names[i] = id.String()
		for _, s := range w.seats() {
			if s.entry.ID == id && s.at != nil {
				names[i] = string(s.at.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}
