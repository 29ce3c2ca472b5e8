package plan

import "fmt"

// hibernation stops all pods together and keeps everything else; waking starts
// as many as there are volumes, whatever the spec says by then: the cluster
// needs its quorum before it can change.
func hibernation(w *world) *Decision {
	if w.Pods == NoStatefulSet {
		return nil
	}
	if !w.Hibernated {
		if w.Pods > 0 {
			return nil
		}
		return act(Resize{0, w.wakes()}, ReasonWaking, fmt.Sprintf("Waking: %d pods start on their volumes.", w.wakes()))
	}
	if w.Pods > 0 {
		return act(Resize{w.Pods, 0}, ReasonHibernating, "spec.hibernated is true: all pods stop together; volumes and certificates stay.")
	}
	if running := keep(w.Members, func(m Member) bool { return m.Pod != PodAbsent }); len(running) > 0 {
		return wait(ReasonHibernating, fmt.Sprintf("Waiting for the pods of %s to end.", join(memberNames(running))))
	}
	message := "All pods are stopped; volumes and certificates stay. Set spec.hibernated to false to wake the cluster."
	if !w.Remembers() {
		message = "No pod runs, and the cluster was never formed: it is once spec.hibernated is false."
	}
	return &Decision{Outcome: OutcomeSteady, Reason: ReasonHibernated, Message: message}
}

// wakes is how many pods wake: one for each claim that may hold a member.
func (w *world) wakes() int {
	if !w.Remembers() {
		return w.size()
	}
	for i := len(w.Members) - 1; i >= 0; i-- {
		if w.Members[i].Claim != nil {
			return i + 1
		}
	}
	return w.Replicas
}
