package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
)

// following makes the pods' template what the spec asks for, unless that is
// refused. It comes early: a corrected spec has to reach members that do not
// run because of what it corrects.
func following(w *world) *Decision {
	if !w.Remembers() || w.Pods == NoStatefulSet || w.Template.Changes == "" || w.refused() != nil {
		return nil
	}
	switch w.Template.Validation {
	case "":
		return act(Validate{w.Template.Wanted}, ReasonRollingOut,
			fmt.Sprintf("The spec has changed in what members are started with: %s. The image of etcd %s is asked whether it accepts that.", w.Template.Changes, w.Version))
	case ValidationRuns, ValidationFailed:
		return nil // see unvalidated
	}
	if !w.mayFollow() {
		return nil // see step
	}
	return act(FollowSpec{w.Template.Wanted}, ReasonRollingOut,
		fmt.Sprintf("The spec has changed in what members are started with: %s. They restart for it, one after the other.", w.Template.Changes))
}

// refused says why the spec is not brought to the members; nil when it may be.
func (w *world) refused() *Decision {
	to, ok := w.supportedVersion()
	if !ok {
		return blocked(ReasonVersionUnsupported, unsupportedVersion(w.Version)+" "+goOn)
	}
	for _, from := range w.versions() {
		if err := etcd.Step(from, to); err != nil {
			return blocked(ReasonVersionStep, fmt.Sprintf("spec.version is %s, and members run %s: %s. %s", to, from, err, goOn))
		}
	}
	return nil
}

const goOn = "The members go on with what they run."

// versions are the releases that members run, or would be started with.
func (w *world) versions() []etcd.Version {
	texts := []string{w.Template.Version}
	for _, m := range w.Members {
		if m.Agent != nil {
			texts = append(texts, m.Agent.Binary)
		}
	}
	var found []etcd.Version
	for _, text := range texts {
		if v, err := etcd.ParseVersion(text); err == nil && !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

// unvalidated says what is wrong with a change, or that it is not known yet:
// nobody restarts for it.
func (w *world) unvalidated() *Decision {
	t := w.Template
	switch {
	case t.Validation == ValidationFailed:
		return blocked(ReasonBadConfig, fmt.Sprintf("etcd %s does not accept what the spec asks for (%s): %s. Correct spec.etcd. %s", w.Version, t.Changes, strings.TrimSuffix(t.Verdict, "."), goOn))
	case t.Trouble != nil:
		return blocked(t.Trouble.Reason, fmt.Sprintf("Whether etcd %s accepts what the spec asks for (%s) cannot be found out: of the pod that is to tell, %s. If the change is the cause, correct the spec or set it back. %s", w.Version, t.Changes, strings.TrimSuffix(t.Trouble.Message, "."), goOn))
	case t.Validation == ValidationRuns:
		return wait(ReasonRollingOut, fmt.Sprintf("Waiting for the image of etcd %s to say whether it accepts %s.", w.Version, t.Changes))
	default:
		return nil
	}
}

// rollout restarts the members whose pods were made from another spec: one at a
// time, those that do not serve first, the leader last.
func rollout(w *world) *Decision {
	if w.Template.Changes != "" {
		if d := w.refused(); d != nil {
			return d
		}
		if d := w.unvalidated(); d != nil {
			return d
		}
		return w.step()
	}
	s, ok := w.nextRestart()
	if !ok {
		return nil
	}
	return w.restart(s)
}

// nextRestart picks the voter that restarts next. A follower that was begun with
// is gone on with.
func (w *world) nextRestart() (seat, bool) {
	var next seat
	least, found := 0, false
	if w.Template.Changes != "" {
		return next, false
	}
	for _, s := range w.voters() {
		if s.at == nil || s.at.Stale == "" || w.outgoing(s) != "" {
			continue
		}
		if turn := w.turn(s); !found || turn <= least { // of equals the highest ordinal
			next, least, found = s, turn, true
		}
	}
	return next, found
}

// turn orders the restarts.
func (w *world) turn(s seat) int {
	switch {
	case !w.sound(s):
		return 0
	case w.leader() == s.entry.ID:
		return 3
	case s.at.Clients == ClientsWelcome:
		return 2
	default:
		return 1
	}
}

// restart takes the next step towards the restart of a voter. Nothing of it
// begins before all others serve and have caught up.
func (w *world) restart(s seat) *Decision {
	hasTo := fmt.Sprintf("has to restart (%s)", s.at.Stale)
	if s.at.Pod != PodRunning || s.at.Agent == nil {
		return awaitSeats([]seat{s}, troubleOf([]seat{s}), fmt.Sprintf("%s %s. Waiting for %s. No other member restarts meanwhile.", s, hasTo, s.at.Why()))
	}
	if s.runs() && s.at.Agent.Etcd.Defragmenting {
		return wait(ReasonRollingOut, fmt.Sprintf("%s %s, once its database is defragmented.", s, hasTo))
	}
	if others := w.unfit(s); len(others) > 0 {
		reason, mend := troubleOf(others), ""
		if reason != ReasonRollingOut {
			mend = " If the change is the cause, correct the spec or set it back: it goes on from there."
		}
		return awaitSeats(others, reason, fmt.Sprintf("%s %s, once every other voter serves and has caught up. Waiting for %s.%s",
			s, hasTo, w.fitness(others), mend))
	}
	if w.sound(s) && w.Supervised && w.Approved != w.approval(s) {
		return blocked(ReasonAwaitingApproval, fmt.Sprintf("%s %s, and spec.update.mode is Supervised. It restarts once you approve: annotate the EtcdCluster with etcd.quorate.dev/approve=%s.", s, hasTo, w.approval(s)))
	}
	if len(w.voters()) == 1 {
		return act(Restart{s.at.Name, s.entry.ID}, ReasonRollingOut, fmt.Sprintf("%s %s. It is the only voter: clients wait until it is back.", s, hasTo))
	}
	if d := w.relieve(s, ReasonRollingOut, hasTo); d != nil {
		return d
	}
	return act(Restart{s.at.Name, s.entry.ID}, ReasonRollingOut, fmt.Sprintf("%s %s; its pod is made anew.", s, hasTo))
}

// troubleOf is why the members that a rollout waits for do not serve, where
// Kubernetes says so.
func troubleOf(seats []seat) Reason { return troubleOr(seats, ReasonRollingOut) }

func troubleOr(seats []seat, fallback Reason) Reason {
	for _, s := range seats {
		if s.at != nil && s.at.Trouble != nil {
			return s.at.Trouble.Reason
		}
	}
	return fallback
}

// approval names one restart: of this member, for what the spec asks for now, and
// for whom it has to trust.
func (w *world) approval(s seat) string {
	approval := fmt.Sprintf("%s@%s", s.at.Name, w.Template.Wanted)
	if s.at.Trust == TrustOnDisk {
		approval += "-" + w.Certificates.Trust
	}
	return approval
}

// unfit are the voters other than one without which no other may be taken away,
// even for a moment.
func (w *world) unfit(but seat) []seat {
	var found []seat
	for _, s := range w.voters() {
		fit := w.sound(s) && s.at.Ready && w.caughtUp(s)
		if s.entry.ID != but.entry.ID && !fit {
			found = append(found, s)
		}
	}
	return found
}

// fitness says of each what it lacks.
func (w *world) fitness(seats []seat) string {
	var out string
	for i, s := range seats {
		if i > 0 {
			out += "; "
		}
		if w.sound(s) && !w.caughtUp(s) {
			out += fmt.Sprintf("%s: it catches up with the leader", s.at.Name)
			continue
		}
		out += w.seatWhys([]seat{s})
	}
	return out
}
