package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Defragmentation is when a member's database is copied without its free pages.
type Defragmentation struct {
	// Now: it may begin; false while it is disabled, or out of its hours.
	Now bool
	// Malformed says why the schedule cannot be read; empty when it can.
	Malformed string
	// FreePercent of the database and MinFree bytes must be free.
	FreePercent, MinFree int64
	// MaxPause is how many seconds a member may take.
	MaxPause float64
}

// defragmentation gives space back: one member at a time, the leader last, after
// all else. A member answers nobody meanwhile, so it is relieved first, as one
// that restarts.
func defragmentation(w *world) *Decision {
	if w.Defragmentation.Malformed != "" {
		return blocked(ReasonBadConfig, fmt.Sprintf("spec.maintenance.defragmentation.schedule cannot be read: %s. Correct it. Nothing is defragmented meanwhile.", w.Defragmentation.Malformed))
	}
	s, why, ok := w.nextDefragment()
	if !ok {
		return nil
	}
	if d := w.slowDefragment(); d != nil {
		return d
	}
	return w.defragment(s, why, ReasonDefragmenting)
}

// defragment takes the next step towards the defragmentation of a voter.
func (w *world) defragment(s seat, why string, reason Reason) *Decision {
	hasTo := fmt.Sprintf("is to be defragmented (%s)", why)
	if s.at.Agent.Etcd.Defragmenting {
		return wait(reason, fmt.Sprintf("%s is being defragmented (%s). It answers no client meanwhile.", s, why))
	}
	if others := w.unfit(s); len(others) > 0 {
		return awaitSeats(others, troubleOr(others, reason), fmt.Sprintf("%s %s, once every other voter serves and has caught up. Waiting for %s.", s, hasTo, w.fitness(others)))
	}
	if len(w.voters()) > 1 {
		if d := w.relieve(s, reason, hasTo); d != nil {
			return d
		}
	} else {
		hasTo += "; it is the only voter, so clients wait until it is done"
	}
	return act(Defragment{s.at.Name, s.entry.ID}, reason, fmt.Sprintf("%s %s.", s, hasTo))
}

// nextDefragment picks the voter that is defragmented next, and says why. What
// was begun with one is gone on with.
func (w *world) nextDefragment() (next seat, why string, found bool) {
	least := 0
	for _, s := range w.voters() {
		because := w.fragmented(s)
		if because == "" {
			continue
		}
		if turn := w.turn(s); !found || turn <= least { // of equals the highest ordinal
			next, why, least, found = s, because, turn, true
		}
	}
	return next, why, found
}

// fragmented says why a voter is to be defragmented; empty when it is not.
func (w *world) fragmented(s seat) string {
	if !s.runs() {
		return ""
	}
	e, limits := s.at.Agent.Etcd, w.Defragmentation
	free := e.DBSize - e.DBSizeInUse
	told := fmt.Sprintf("%s of %s are free", mebibytes(free), mebibytes(e.DBSize))
	switch {
	case e.Defragmenting:
		return told
	case len(w.full()) > 0:
		if gains(e) && failed(e) == "" {
			return told
		}
		return ""
	case limits.Now && limits.FreePercent > 0 && free >= limits.MinFree && free*100 >= limits.FreePercent*e.DBSize:
		return told
	default:
		return ""
	}
}

// failed says that a member's last defragmentation has failed; empty when it has
// not.
func failed(e *control.Etcd) string {
	if e.Defragmented == nil || e.Defragmented.Error == "" {
		return ""
	}
	return " could not be defragmented: " + e.Defragmented.Error
}

// slowDefragment stops before the next member when one has failed, or has taken
// longer than it may.
func (w *world) slowDefragment() *Decision {
	for _, s := range w.voters() {
		if !s.runs() || s.at.Agent.Etcd.Defragmented == nil || s.at.Agent.Etcd.Defragmenting {
			continue
		}
		switch last := s.at.Agent.Etcd.Defragmented; {
		case last.Error != "":
			return blocked(ReasonDefragmenting, fmt.Sprintf("%s%s. No other member is defragmented before that is mended and its pod has restarted.", s, failed(s.at.Agent.Etcd)))
		case last.Seconds > w.Defragmentation.MaxPause:
			return blocked(ReasonDefragmenting, fmt.Sprintf("%s took %.0f s to be defragmented, and spec.maintenance.defragmentation.maxPause is %.0f s: no other member is defragmented. Raise maxPause to go on, or set disabled.", s, last.Seconds, w.Defragmentation.MaxPause))
		}
	}
	return nil
}

// nextAway is the voter that is about to be taken away from clients for a while,
// or for ever: to leave, to be defragmented because nobody can write, to restart,
// or to be defragmented. That is the order of the rules.
func (w *world) nextAway() etcd.MemberID {
	if s, _, ok := w.nextExit(); ok {
		return s.entry.ID
	}
	crowded, _, defragments := w.nextDefragment()
	if defragments && len(w.full()) > 0 && len(w.unfit(crowded)) == 0 {
		return crowded.entry.ID
	}
	if s, ok := w.nextRestart(); ok {
		return s.entry.ID
	}
	return crowded.entry.ID
}

// mebibytes writes a size for people.
func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", (n+1<<19)>>20) }
