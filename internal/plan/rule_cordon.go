package plan

import "fmt"

// cordon moves leadership away from a node that may be drained next, to a voter
// on one that is not: then the drain costs no election and no time.
func cordon(w *world) *Decision {
	for _, s := range w.voters() {
		if s.entry.ID != w.leader() || s.at == nil || !s.at.Cordoned || !w.sound(s) {
			continue
		}
		to, ok := w.successor(s)
		if !ok || to.at.Cordoned {
			return nil // the stop of its pod hands it over
		}
		return act(MoveLeader{s.at.Name, to.at.Name, s.entry.ID, to.entry.ID}, ReasonNodeCordoned,
			fmt.Sprintf("The node of %s is cordoned, and %s leads; leadership moves to %s.", s, s.at.Name, to))
	}
	return nil
}
