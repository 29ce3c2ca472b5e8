package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
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

// size brings the StatefulSet to the wanted number of pods. A new pod comes
// before its member is counted, one at a time, and only where no old disk waits
// for it; old ones go after they are not counted any more.
func size(w *world) *Decision {
	want := w.wantedPods()
	switch {
	case w.Pods == NoStatefulSet || w.Pods == want:
		return nil
	case w.Pods > want:
		return act(Resize{w.Pods, want}, ReasonScalingIn, fmt.Sprintf("The member list does not count %s; what is left of the pods ends.", join(w.between(w.Pods, want))))
	}
	want = min(want, w.nextPods())
	if want <= w.Pods {
		return nil
	}
	for i := w.Pods; i < min(want, len(w.Members)); i++ {
		if m := w.Members[i]; m.Claim != nil && !w.listed(m) {
			return nil // of a former member; it is being deleted
		}
	}
	names := join(w.between(w.Pods, want))
	if names == "" {
		names = "one member more, so that others can leave"
	}
	return act(Resize{w.Pods, want}, ReasonScalingOut, fmt.Sprintf("Starting %s.", names))
}

// nextPods is up to where pods may run by now: those that are counted, and the
// first that is no voter yet. To start many at once would take the processor and
// the disk from those that serve.
func (w *world) nextPods() int {
	next, coming := 0, false
	for i, m := range w.Members {
		entry, listed := w.Etcd.Members.ByPeerURL(m.PeerURL)
		if listed || !coming {
			next = i + 1
		}
		coming = coming || !listed || entry.IsLearner
	}
	if !coming {
		return len(w.Members) + 1
	}
	return next
}

// between names the members of the ordinals from one up to another.
func (w *world) between(a, b int) []etcd.MemberName {
	var names []etcd.MemberName
	for i := min(a, b); i < max(a, b) && i < len(w.Members); i++ {
		names = append(names, w.Members[i].Name)
	}
	return names
}

// clearing deletes claims that no member lives on: of members that were
// removed, and those that would give a new member an old disk.
func clearing(w *world) *Decision {
	if w.Pods == NoStatefulSet {
		return nil
	}
	for i, m := range w.Members {
		leftover := i >= w.Pods
		if m.Claim == nil || w.listed(m) || !leftover && (i >= w.target() || !w.used(m)) {
			continue
		}
		if id, counted := w.foreignTo(m); counted {
			return blocked(ReasonVolumesDisagree, fmt.Sprintf("The volume of %s holds member %s, which the cluster counts under another address. Nothing is touched: give that member its claim back.", m.Name, id))
		}
		if m.Claim.Deleting && (leftover || m.Pod == PodAbsent || m.Pod == PodTerminating) {
			continue // it goes by itself; whoever needs its name waits
		}
		return act(Clear{m.Name}, ReasonClearing, fmt.Sprintf("The cluster does not count %s; its old volume goes, so that nothing ever starts on it again.", m.Name))
	}
	return nil
}

// cleared waits for claims that are being deleted and are still there.
func cleared(w *world) *Decision {
	for _, m := range w.Members {
		if m.Claim != nil && m.Claim.Deleting && !w.listed(m) {
			return await([]Member{m}, ReasonClearing, fmt.Sprintf("Waiting for claim %s of a former member to be gone: it is being deleted.", m.Claim.Name))
		}
	}
	return nil
}

// used reports whether a claim within the size may hold an old disk, or is not
// one that a member may begin on.
func (w *world) used(m Member) bool {
	if m.Claim.Deleting || m.Claim.Formed != 0 || m.Claim.Member != 0 || w.wrongClass(m) {
		return true
	}
	if m.Agent == nil {
		return m.Loss != "" // bound where no pod can ever be
	}
	return m.Agent.Volume.Admission != nil || m.dataGone() || m.Agent.State == control.StateRemoved
}
