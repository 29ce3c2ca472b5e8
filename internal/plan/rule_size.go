package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
)

// wantedPods is how many pods there shall be: those of the target, and those
// of every member that the list still counts.
func (w *world) wantedPods() int {
	want := w.target()
	for _, s := range w.seats() {
		want = max(want, s.ordinal+1)
	}
	return want
}

// size brings the StatefulSet to the wanted number of pods. New pods come long
// before they are counted, and go after they are not.
func size(w *world) *Decision {
	want := w.wantedPods()
	switch {
	case w.Pods == NoStatefulSet || w.Pods == want:
		return nil
	case w.Pods < want:
		return act(Resize{w.Pods, want}, ReasonScalingOut, fmt.Sprintf("Starting %d more pods.", want-w.Pods))
	default:
		return act(Resize{w.Pods, want}, ReasonScalingIn, fmt.Sprintf("The member list counts no member beyond the first %d pods; the others end.", want))
	}
}

// clearing deletes claims that no member lives on: of members that were
// removed, and those that would give a new member an old disk.
func clearing(w *world) *Decision {
	stay := min(w.Pods, w.wantedPods())
	for i, m := range w.Members {
		if w.Pods == NoStatefulSet || w.listed(m) {
			continue
		}
		leftover := i >= w.Pods && m.Claim != nil
		if !leftover && (i >= stay || !w.used(m)) {
			continue
		}
		if id, counted := w.foreignTo(m); counted {
			return blocked(ReasonVolumesDisagree, fmt.Sprintf("The volume of %s holds member %s, which the cluster counts under another address. Nothing is touched: give that member its claim back.", m.Name, id))
		}
		if m.Claim != nil && m.Claim.Deleting && (m.Pod == PodAbsent || m.Pod == PodTerminating) {
			return await([]Member{m}, ReasonClearing, fmt.Sprintf("Waiting for claim %s to be gone: it is being deleted, and its pod with it. %s.", m.Claim.Name, m.Why()))
		}
		return act(Clear{m.Name}, ReasonClearing, fmt.Sprintf("The cluster does not count %s; its old volume goes, so that nothing ever starts on it again.", m.Name))
	}
	return nil
}

// used reports whether a claim within the size may hold an old disk, or is not
// one that a member may begin on.
func (w *world) used(m Member) bool {
	if m.Claim == nil {
		return false
	}
	if m.Claim.Deleting || m.Claim.Formed != 0 || m.Claim.Member != 0 || w.wrongClass(m) {
		return true
	}
	return m.Agent != nil && (m.Agent.Volume.Admission != nil || m.dataGone() || m.Agent.State == control.StateRemoved)
}
