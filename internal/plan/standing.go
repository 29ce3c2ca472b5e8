package plan

import (
	"fmt"
	"strings"
)

// Standing is how far an EtcdRestore is, for its condition.
type Standing struct {
	Complete bool
	// Blocked: it goes no further until somebody does what the message says.
	Blocked bool
	Reason  Reason
	Message string
}

// The reasons that only the condition of an EtcdRestore has.
const (
	ReasonRestored Reason = "Complete"
	ReasonDryRun   Reason = "DryRun"
	ReasonNextUp   Reason = "WaitingForOtherRestore"

	ReasonClusterNotFound Reason = "ClusterNotFound"
)

// Done is the standing of an EtcdRestore that is complete.
func Done() Standing {
	return Standing{Complete: true, Reason: ReasonRestored, Message: "The cluster serves the restored data."}
}

// StandingOf says how far the EtcdRestore in the observation's Request is, given
// what was decided for its cluster.
func StandingOf(desired Desired, observation Observation, decision Decision) Standing {
	w := &world{Desired: desired, Observation: observation}
	r, rec := w.Request, w.Record.Restore
	switch {
	case w.done(r):
		return Done()
	case rec.active() && rec.UID == r.UID:
		return Standing{Blocked: decision.Outcome == OutcomeBlocked, Reason: decision.Reason, Message: decision.Message}
	case w.Paused || decision.Rule == "charge" || decision.Rule == "names":
		return Standing{Blocked: true, Reason: decision.Reason, Message: decision.Message}
	case r.Survivor:
		return w.survivorStanding(r, decision)
	}
	if t := w.hindrance(r); t != nil {
		return Standing{Blocked: true, Reason: t.Reason, Message: t.Message}
	}
	return w.proving(r)
}

// proving is how far the proof of the backup is. The cluster serves meanwhile.
func (w *world) proving(r *Request) Standing {
	switch p := r.Proof; {
	case p.State == SendingFailed:
		return Standing{Blocked: true, Reason: ReasonRestoreFailed, Message: fmt.Sprintf("The backup %s is no good: %s. The cluster was not touched. Mend the cause and delete the Job that has failed: it is then tried again; or delete this EtcdRestore.", r.Origin.Where, strings.TrimSuffix(p.Failure, "."))}
	case p.Trouble != "":
		return Standing{Blocked: true, Reason: ReasonRestoreFailed, Message: fmt.Sprintf("The pod that reads the backup %s through does not start: %s. The cluster was not touched.", r.Origin.Where, strings.TrimSuffix(p.Trouble, "."))}
	default:
		return Standing{Reason: ReasonProvingBackup, Message: fmt.Sprintf("The backup %s is read through; the cluster serves meanwhile.", r.Origin.Where)}
	}
}

// Preview says what an EtcdRestore would do, and what would be lost.
func Preview(desired Desired, observation Observation) Standing {
	w := &world{Desired: desired, Observation: observation}
	r := w.Request
	if r.Survivor {
		return w.survivorPreview(r)
	}
	if t := w.hindrance(r); t != nil {
		return Standing{Blocked: true, Reason: ReasonDryRun, Message: "It could not begin. " + t.Message}
	}
	lost := "What was written since the backup is lost"
	if seen := w.lastRevision(); seen > 0 {
		lost += fmt.Sprintf(" (the members have revision %d by now)", seen)
	}
	return Standing{Reason: ReasonDryRun, Message: fmt.Sprintf("The backup %s would be read through. Then all %d members would stop together, and the cluster would be born anew with %d members on volumes of epoch %d, under the same name, Services and certificates. %s; the volumes of epoch %d would be kept. Set spec.dryRun to false to do it.", r.Origin.Where, max(w.Pods, 0), w.Replicas, w.nextEpoch(r), lost, w.Record.Epoch)}
}

// lastRevision is the highest that any member has, by its agent.
func (w *world) lastRevision() int64 {
	last := int64(0)
	for _, m := range w.Members {
		if m.Agent != nil && m.Agent.Etcd != nil {
			last = max(last, m.Agent.Etcd.Revision)
		}
	}
	return last
}
