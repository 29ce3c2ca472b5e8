package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
)

// version starts nothing that cannot be run. Once formed, the members run what
// they run: see rollout.
func version(w *world) *Decision {
	if w.Remembers() {
		return nil
	}
	if _, ok := w.supportedVersion(); ok {
		return nil
	}
	return blocked(ReasonVersionUnsupported, unsupportedVersion(w.Version))
}

func unsupportedVersion(version string) string {
	return fmt.Sprintf("spec.version %q cannot be run by this release of Quorate; set it to a release of one of the lines %s, such as 3.7.3.",
		version, strings.Join(etcd.SupportedLines(), ", "))
}

// names refuses what others own and waits for what a former life leaves.
func names(w *world) *Decision {
	for _, o := range w.Objects {
		if o.State == ObjectTaken {
			return blocked(ReasonNameTaken, fmt.Sprintf("%s/%s exists and is not this cluster's: %s. Rename or delete it, or give the EtcdCluster another name.", o.Kind, o.Name, o.Detail))
		}
	}
	for _, o := range w.Objects {
		if o.State == ObjectLeaving {
			return wait(ReasonLeaving, fmt.Sprintf("Waiting for %s/%s to be gone: %s.", o.Kind, o.Name, o.Detail))
		}
	}
	return nil
}

// objects creates what is missing and repairs what drifted, all at once: each
// object is applied by itself and none of it disturbs a running member.
func objects(w *world) *Decision {
	if d := surplus(w); d != nil {
		return d
	}
	var targets, details []string
	reason := ReasonRepairing
	for _, o := range w.Objects {
		switch o.State {
		case ObjectMissing:
			details = append(details, fmt.Sprintf("%s/%s is missing", o.Kind, o.Name))
			if o.Kind == "StatefulSet" && !w.formed() {
				reason = ReasonCreating
			}
		case ObjectDrifted:
			details = append(details, fmt.Sprintf("%s/%s differs: %s", o.Kind, o.Name, o.Detail))
		default:
			continue
		}
		targets = append(targets, o.Kind+"/"+o.Name)
	}
	if len(targets) == 0 {
		return nil
	}
	return act(Apply{targets}, reason, strings.Join(details, "; ")+".")
}

// surplus deletes what the cluster does not need any more: the budget of a
// cluster that shrank to one member would block every drain.
func surplus(w *world) *Decision {
	var targets []string
	for _, o := range w.Objects {
		if o.State == ObjectSurplus {
			targets = append(targets, o.Kind+"/"+o.Name)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	return act(Prune{targets}, ReasonRepairing, fmt.Sprintf("%s is not needed any more.", strings.Join(targets, ", ")))
}

// pods deletes pods of an older template where no voter can be hurt. The
// StatefulSet, being OnDelete, would keep a pod with a mistyped image for ever.
func pods(w *world) *Decision {
	stale := keep(w.Members, func(m Member) bool { return (m.Outdated || m.Adjust != "") && w.idle(m) })
	if len(stale) == 0 {
		return nil
	}
	return act(Recreate{memberNames(stale)}, ReasonRecreating, fmt.Sprintf("The pods of %s follow an older spec and hold no voter; they are made anew.", join(memberNames(stale))))
}

// idle reports whether no etcd that anybody could count on runs in the pod: it
// never ran, its agent refuses to start one, it crashes or, while no cluster was
// ever formed, nothing was admitted yet. A volume that ends with its pod is no
// reason to hurry.
func (w *world) idle(m Member) bool {
	switch {
	case m.Pod == PodPending:
		return true
	case m.Pod != PodRunning:
		return false
	case w.Remembers():
		return (m.refuses() || m.crashes()) && m.Claim != nil && !m.Claim.Deleting
	case m.Agent == nil:
		return w.Record.Birth == nil || m.crashes()
	default:
		return m.refuses() || w.Record.Birth == nil && m.Agent.Volume.Admission == nil
	}
}

// crashes reports whether Kubernetes says that the pod's process ends again and
// again.
func (m Member) crashes() bool {
	return m.Agent == nil && m.Trouble != nil && m.Trouble.Reason == ReasonPodCrashing
}
