package plan

import (
	"fmt"
	"strings"
)

// template makes the StatefulSet anew, around its running pods, when its claim
// template is not what the spec asks for: Kubernetes cannot change it. Not while
// the pods' template does not follow the spec: what was refused stays so.
func template(w *world) *Decision {
	if !w.formed() || w.StaleClaims == "" || w.Pods == NoStatefulSet || w.Template.Changes != "" {
		return nil
	}
	if w.growing() && !w.onOtherClass() {
		return nil // the default quota follows the volumes: the template comes after them
	}
	return act(RenewClaims{}, ReasonGrowingVolumes, fmt.Sprintf("The StatefulSet is made anew around its running pods, so that new volumes follow the spec: %s.", w.StaleClaims))
}

// growing reports whether a volume was asked to grow and has not done so yet.
func (w *world) growing() bool {
	return len(keep(w.Members, func(m Member) bool { return m.Claim != nil && !m.Claim.Deleting && m.Claim.Growing != "" })) > 0
}

// onOtherClass reports whether a claim is of another StorageClass than the spec
// names: moving away is also the way out for volumes that fail to grow.
func (w *world) onOtherClass() bool {
	return w.StorageClass != "" && len(keep(w.Members, func(m Member) bool { return m.Claim != nil && m.Claim.Class != w.StorageClass })) > 0
}

// growth asks for larger volumes where the StorageClass allows it. It disturbs
// nobody, and a full volume may be what keeps a member down.
func growth(w *world) *Decision {
	small := keep(w.Members, func(m Member) bool { return w.formed() && w.small(m) && m.Claim.Growable })
	if len(small) == 0 {
		return nil
	}
	names := make([]string, len(small))
	for i, m := range small {
		names[i] = m.Claim.Name
	}
	return act(GrowClaims{names, w.StorageSize}, ReasonGrowingVolumes, fmt.Sprintf("Growing %s to %s.", strings.Join(names, ", "), bytes(w.StorageSize)))
}

// small reports whether a claim asks for less than the spec does. One that is
// about to go, or moves to another class, need not grow.
func (w *world) small(m Member) bool {
	return m.Claim != nil && !m.Claim.Deleting && m.Claim.Size < w.StorageSize && !w.wrongClass(m)
}

// volumes says which volumes cannot grow, and which have not grown yet.
func volumeGrowth(w *world) *Decision {
	var stuck, growing []string
	for _, m := range w.Members {
		switch {
		case m.Claim == nil:
		case w.small(m):
			stuck = append(stuck, fmt.Sprintf("%s (StorageClass %s)", m.Claim.Name, m.Claim.Class))
		case m.Claim.Growing != "":
			growing = append(growing, fmt.Sprintf("%s: %s", m.Claim.Name, m.Claim.Growing))
		}
	}
	if len(stuck) > 0 {
		return blocked(ReasonVolumeCannotGrow, fmt.Sprintf("spec.storage.size is %s and these claims cannot grow to it: %s. Set allowVolumeExpansion: true on the StorageClass if its driver can, or name another class in spec.storage.storageClassName: the members then move there one by one.", bytes(w.StorageSize), strings.Join(stuck, ", ")))
	}
	if len(growing) > 0 {
		return wait(ReasonGrowingVolumes, "Waiting for volumes to grow: "+strings.Join(growing, "; ")+".")
	}
	return nil
}

// bytes writes a size as a spec would, where it is a whole number of Mi or Gi.
func bytes(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}} {
		if n%unit.size == 0 {
			return fmt.Sprintf("%d%s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// gonePods ends pods whose node is confirmed absent: nothing else ever will,
// and their names are needed elsewhere.
func gonePods(w *world) *Decision {
	for _, m := range w.Members {
		if m.NodeGone && m.Pod != PodAbsent {
			return act(DropPod{m.Name}, ReasonReplacing, fmt.Sprintf("The node of pod %s does not exist any more; the pod ends.", m.Name))
		}
	}
	return nil
}
