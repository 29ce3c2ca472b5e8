package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// survivor brings a cluster without a quorum back from one of its members. Nothing
// begins before every other member is there, or lost by evidence or by a person's
// word; nobody survives before those that are lost are out of reach. Then the
// ordinary rules take the cluster of one back to its size.
func survivor(w *world) *Decision {
	if !w.formed() || w.Etcd.Reached && !w.quorate(w.Record.ClusterID) {
		return nil
	}
	rec, r := w.Record.Restore, w.Request
	switch {
	case rec.active() && rec.Survivor:
		return w.recover(rec)
	case rec.active():
		return nil
	case len(w.halted("")) > 0:
		return w.release(w.halted(""), "No restore from a survivor is under way")
	case w.quorate(w.Record.ClusterID):
		return nil
	case r != nil && r.Survivor && !w.done(r):
		return w.beginRecovery(r)
	case r == nil && w.SurvivorWanted && w.LostLong:
		return w.askForSurvivor()
	default:
		return nil
	}
}

// halted are the members whose agents say that etcd is halted, under another grant
// than one. With a quorum those that it does not count are none of them: they are
// cleared.
func (w *world) halted(but string) []Member {
	return keep(w.Members, func(m Member) bool {
		if m.Agent == nil || m.Agent.State != control.StateHalted || m.Agent.Volume.Halted == but {
			return false
		}
		_, counted := w.Etcd.Members.ByID(admittedMember(m))
		return counted || !w.Etcd.Reached
	})
}

func (w *world) release(members []Member, why string) *Decision {
	names := memberNames(members)
	return act(Halt{names, ""}, ReasonTakingBack, fmt.Sprintf("%s: etcd of %s starts again.", why, join(names)))
}

// beginRecovery records an EtcdRestore once it may begin.
func (w *world) beginRecovery(r *Request) *Decision {
	f := w.survey(r.Lost)
	if d := w.unrecoverable(f, r.Name); d != nil {
		return d
	}
	return act(BeginRestore{r.Name, r.UID, w.Record.Epoch}, ReasonRecovering, fmt.Sprintf("EtcdRestore %s: quorum is lost for good; what %s has becomes the cluster.", r.Name, oneOf(keep(f.holders, Member.votes))))
}

func oneOf(ms []Member) string {
	if len(ms) == 1 {
		return string(ms[0].Name)
	}
	return "one of " + join(memberNames(ms))
}

// askForSurvivor makes the EtcdRestore that a person would make, under the same
// conditions, and without anybody's word that a member is lost.
func (w *world) askForSurvivor() *Decision {
	f := w.survey(nil)
	if d := w.unrecoverable(f, ""); d != nil {
		if d.Outcome == OutcomeWait {
			return nil
		}
		return d
	}
	return act(AskForSurvivor{}, ReasonRecovering, "spec.quorumLoss is Survivor, quorum is lost for good by all evidence, and nobody has mended it: an EtcdRestore is made.")
}

// unrecoverable is why nobody may survive; nil when one may. The EtcdRestore is named
// that would have to say more.
func (w *world) unrecoverable(f field, restore string) *Decision {
	if d := w.quorumThere(f); d != nil {
		return d
	}
	silent := keep(f.holders, func(m Member) bool { return len(m.Agent.Listed) == 0 && !m.follows() })
	voters := keep(f.holders, Member.votes)
	switch {
	case w.Hibernated:
		return blocked(ReasonQuorumLost, "The cluster is hibernated: no member can be asked. Set spec.hibernated to false.")
	case len(f.unknown) > 0 || len(f.strangers) > 0:
		return w.unproven(f, restore)
	case len(silent) > 0:
		return wait(ReasonQuorumLost, fmt.Sprintf("Waiting for %s to tell who is in the cluster.", join(memberNames(silent))))
	case len(voters) == 0:
		return blocked(ReasonQuorumLost, "No member that answers is a voter and holds data: nobody can survive. Restore a backup: an EtcdRestore with source backup (docs/restore.md).")
	default:
		return nil
	}
}

// follows reports whether a learner believes in a leader, as it does for ever: it
// tells nobody's list, and is nobody's quorum.
func (m Member) follows() bool { return m.Agent.Etcd != nil && m.Agent.Etcd.IsLearner }

// quorumThere answers members that are a quorum, or have one.
func (w *world) quorumThere(f field) *Decision {
	led := keep(f.holders, func(m Member) bool { return m.Agent.Etcd != nil && m.Agent.Etcd.Leader != 0 && !m.follows() })
	if len(led) > 0 {
		return wait(ReasonUnreachable, fmt.Sprintf("%s knows a leader: the cluster has a quorum, which does not answer the operator. Nobody survives anybody.", join(memberNames(led))))
	}
	if there := f.enough(); len(there) > 0 {
		return wait(ReasonQuorumLost, fmt.Sprintf("%s have their data and are a quorum: they elect a leader as soon as they reach each other. Nobody survives anybody. If they do not, look for what is between them: a NetworkPolicy, DNS, certificates.", join(memberNames(there))))
	}
	return nil
}

// unproven says of whom it is not known that they are lost, and how a person says so.
func (w *world) unproven(f field, restore string) *Decision {
	var parts, ids []string
	comes := len(f.strangers) == 0
	for _, one := range f.unknown {
		parts = append(parts, fmt.Sprintf("%s, ID %s", one.Why(), idList(one.ids, "unknown")))
		for _, id := range one.ids {
			ids = append(ids, id.String())
		}
		comes = comes && one.Pod != PodRunning && one.Trouble == nil
	}
	for _, s := range f.strangers {
		parts = append(parts, fmt.Sprintf("%s at %s: it is none of this cluster's pods", s.ID, strings.Join(s.PeerURLs, ", ")))
		ids = append(ids, s.ID.String())
	}
	if len(f.holders) == 0 {
		return wait(ReasonQuorumLost, fmt.Sprintf("No member with data answers. Waiting for %s.", strings.Join(parts, "; ")))
	}
	how := "name it in spec.lostMembers of EtcdRestore " + restore
	if restore == "" {
		how = "apply an EtcdRestore with source survivor that names it in spec.lostMembers"
	}
	message := fmt.Sprintf("Nobody may survive yet: it is not known that these are lost: %s. Bring them back if you can. Only if a member will never run again, %s: lostMembers: [%s]. What it alone had acknowledged is lost then, its claim is deleted, and were it to run elsewhere there would be two clusters.", strings.Join(parts, "; "), how, strings.Join(ids, ", "))
	if comes && !w.LostLong {
		return wait(ReasonQuorumLost, message)
	}
	return blocked(ReasonQuorumLost, message)
}

func idList(ids []etcd.MemberID, none string) string {
	if len(ids) == 0 {
		return none
	}
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = id.String()
	}
	return strings.Join(parts, " and ")
}

// recover carries a restore on from wherever it is.
func (w *world) recover(rec *Restoration) *Decision {
	if w.quorate(w.Record.ClusterID) {
		return w.recovered(rec)
	}
	var acknowledged []etcd.MemberID
	if !w.withdrawn(rec) {
		acknowledged = w.Request.Lost
	}
	f := w.survey(acknowledged)
	if w.survived(rec) {
		return w.again(rec, f)
	}
	if rec.Chosen == 0 && (w.withdrawn(rec) || len(f.enough()) > 0) {
		return w.undo(rec)
	}
	if working := keep(f.holders, func(m Member) bool { return m.Agent.State != control.StateHalted && m.Agent.Volume.Halted != "" }); len(working) > 0 {
		return wait(ReasonRecovering, fmt.Sprintf("%s becomes a cluster of its own.", join(memberNames(working))))
	}
	if d := w.unrecoverable(f, rec.Name); d != nil {
		return d
	}
	return w.survive(rec, f)
}

// survived reports whether a member says that it has become a cluster of its own.
func (w *world) survived(rec *Restoration) bool {
	return len(w.reports(func(_ Member, r control.Report) bool { return r.Volume.Survived == rec.UID })) > 0
}

// again is a cluster that has survived and gives no answer: not yet, or not any more,
// since it has lost its quorum once more. A grant is good for one time.
func (w *world) again(rec *Restoration, f field) *Decision {
	there := f.enough()
	if len(there) == 0 {
		there = keep(f.holders, func(m Member) bool { return m.Agent.Volume.Survived == rec.UID && m.opening() })
	}
	if len(there) > 0 {
		return wait(ReasonRecovering, fmt.Sprintf("Waiting for %s to serve what has survived.", join(memberNames(there))))
	}
	if w.withdrawn(rec) {
		if halted := w.halted(""); len(halted) > 0 {
			return w.release(halted, fmt.Sprintf("EtcdRestore %s was deleted", rec.Name))
		}
		return act(ForgetRestore{rec.Name}, ReasonTakingBack, fmt.Sprintf("EtcdRestore %s was deleted, after it had been carried out.", rec.Name))
	}
	return blocked(ReasonQuorumLost, fmt.Sprintf("Since EtcdRestore %s was carried out, quorum is lost once more. Bring the members back; if one will never run again, delete the EtcdRestore and apply another one.", rec.Name))
}

// undo lets etcd start again, and then forgets.
func (w *world) undo(rec *Restoration) *Decision {
	why := fmt.Sprintf("EtcdRestore %s was deleted before anybody had survived", rec.Name)
	if !w.withdrawn(rec) {
		why = fmt.Sprintf("EtcdRestore %s is not needed: the members that are there are a quorum", rec.Name)
	}
	if halted := w.halted(""); len(halted) > 0 {
		return w.release(halted, why)
	}
	return act(ForgetRestore{rec.Name}, ReasonTakingBack, why+".")
}

// survive stops those that are there, picks the one that has most, puts the lost ones
// out of reach, and lets it survive.
func (w *world) survive(rec *Restoration, f field) *Decision {
	if others := w.halted(rec.UID); len(others) > 0 {
		return w.release(others, "They were halted on another occasion")
	}
	if running := keep(f.holders, func(m Member) bool { return m.Agent.State != control.StateHalted }); len(running) > 0 {
		return act(Halt{memberNames(running), rec.UID}, ReasonRecovering, fmt.Sprintf("EtcdRestore %s: etcd of %s is halted, so that logs keep still and can be compared.", rec.Name, join(memberNames(running))))
	}
	if blank := keep(f.holders, func(m Member) bool { return m.Agent.Log == nil || len(m.Agent.Listed) == 0 }); len(blank) > 0 {
		return blocked(ReasonQuorumLost, fmt.Sprintf("How far the log of %s goes, or whom it lists, cannot be read; its agent's log says more. Nobody survives before it is known who has most.", join(memberNames(blank))))
	}
	best, ok := f.furthest()
	if !ok {
		return blocked(ReasonQuorumLost, "None of the members that are there is a voter: nobody can survive. Restore a backup (docs/restore.md).")
	}
	if d := w.outOfReach(rec, f, best); d != nil {
		return d
	}
	return act(Survive{best.Name, admittedMember(best), rec.UID, *best.Agent.Log}, ReasonRecovering,
		fmt.Sprintf("%s becomes the cluster: of the voters that are there its log goes furthest, to term %d, index %d. The others come back on new volumes.", best.Name, best.Agent.Log.Term, best.Agent.Log.Index))
}

// outOfReach gives lost members up one after the other, and waits for their pods to
// end: an old member that came back with another one would be a second cluster.
func (w *world) outOfReach(rec *Restoration, f field, best Member) *Decision {
	leaving := keepFallen(f.lost, func(one fallen) bool { return one.ends() })
	for _, one := range f.lost {
		if one.inReach() && !one.ends() {
			return act(GiveUp{one.Name}, ReasonRecovering, fmt.Sprintf("EtcdRestore %s: %s is lost (%s); its claim and its pod go before %s survives it, so that it cannot come back.", rec.Name, one, one.why, best.Name))
		}
	}
	if len(leaving) > 0 {
		message := fmt.Sprintf("%s survives once the pods of %s have ended, so that they cannot come back.", best.Name, fallenNames(leaving))
		for _, one := range leaving {
			if one.Trouble != nil {
				return blocked(one.Trouble.Reason, message+fmt.Sprintf(" %s. If that node is off for good, delete the Node, or taint it node.kubernetes.io/out-of-service.", one.Why()))
			}
		}
		return wait(ReasonRecovering, message)
	}
	if len(f.new) > 0 {
		return wait(ReasonRecovering, fmt.Sprintf("%s survives once the new pods of %s say that their volumes are empty.", best.Name, fallenNames(f.new)))
	}
	return nil
}

// ends reports whether nothing is left to delete of what is in reach.
func (f fallen) ends() bool {
	return f.inReach() && (f.Pod == PodTerminating || f.Pod == PodAbsent) && (f.Claim == nil || f.Claim.Deleting)
}

func keepFallen(all []fallen, pass func(fallen) bool) (kept []fallen) {
	for _, one := range all {
		if pass(one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// recovered sees the cluster through that has a quorum again: by itself, or since one
// has survived.
func (w *world) recovered(rec *Restoration) *Decision {
	if rec.Chosen == 0 {
		if halted := w.halted(""); len(halted) > 0 {
			return w.release(halted, fmt.Sprintf("EtcdRestore %s is not needed: the cluster has a quorum", rec.Name))
		}
		return act(ForgetRestore{rec.Name}, ReasonTakingBack, fmt.Sprintf("EtcdRestore %s is not needed: the cluster has a quorum.", rec.Name))
	}
	halted := keep(w.Members, func(m Member) bool { return m.Agent != nil && m.Agent.State == control.StateHalted })
	for _, s := range w.voters() {
		if s.at == nil || !s.at.Healthy() {
			return nil
		}
	}
	if len(halted) > 0 || len(w.learners()) > 0 || len(w.voters()) < w.Replicas {
		return nil
	}
	return act(CompleteRestore{rec.Name}, ReasonFormed, fmt.Sprintf("EtcdRestore %s is complete: all %d members serve what %s had.", rec.Name, len(w.voters()), rec.Chosen))
}
