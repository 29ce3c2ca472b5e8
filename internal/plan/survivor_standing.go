package plan

import (
	"fmt"
	"strings"
)

// survivorStanding is how far a restore from a survivor is that has not begun.
func (w *world) survivorStanding(_ *Request, d Decision) Standing {
	if w.quorate(w.Record.ClusterID) {
		return Standing{Blocked: true, Reason: ReasonNotNeeded, Message: "The cluster has a quorum: nobody has to survive anybody. It begins if quorum is lost; delete the EtcdRestore if it is not wanted."}
	}
	return Standing{Blocked: d.Outcome == OutcomeBlocked, Reason: d.Reason, Message: d.Message}
}

// survivorPreview says who would survive, and what may be lost.
func (w *world) survivorPreview(r *Request) Standing {
	if !w.formed() || w.quorate(w.Record.ClusterID) {
		return Standing{Blocked: true, Reason: ReasonDryRun, Message: "It would do nothing: the cluster has a quorum, or was never formed."}
	}
	f := w.survey(r.Lost)
	if d := w.unrecoverable(f, r.Name); d != nil {
		return Standing{Blocked: true, Reason: ReasonDryRun, Message: "It could not begin. " + d.Message}
	}
	voters := keep(f.holders, Member.votes)
	has := make([]string, len(voters))
	for i, m := range voters {
		has[i] = string(m.Name)
		if m.Agent.Etcd != nil {
			has[i] += fmt.Sprintf(" (revision %d)", m.Agent.Etcd.Revision)
		}
	}
	message := fmt.Sprintf("etcd would be halted on %s. Of %s the one whose log goes furthest would become the cluster, with everything in its log; the others would come back on new volumes.", join(memberNames(f.holders)), strings.Join(has, ", "))
	reach := keepFallen(f.lost, fallen.inReach)
	if len(reach) > 0 {
		message += fmt.Sprintf(" Before, the claims and pods of %s would be deleted.", fallenNames(reach))
	}
	return Standing{Reason: ReasonDryRun, Message: message + " What only other members had acknowledged is lost. Set spec.dryRun to false to do it."}
}
