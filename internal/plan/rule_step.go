package plan

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// A step takes a cluster to another release line. It begins once every member is
// prepared for it, and with the template that names the new line. A step back is
// etcd's own downgrade before that: the cluster's version falls first, and each
// member brings its data into the older form.

// crosses returns the lines that a step not begun yet goes from and to.
func (w *world) crosses() (from, to etcd.Version, ok bool) {
	to, supported := w.supportedVersion()
	from, known := w.templateVersion()
	return from, to, w.Template.Changes != "" && supported && known && from.Line() != to.Line()
}

// templateVersion is the release in the template or, where that does not tell,
// the first that is known to run.
func (w *world) templateVersion() (etcd.Version, bool) {
	if v, err := etcd.ParseVersion(w.Template.Version); err == nil {
		return v, true
	}
	if all := w.versions(); len(all) > 0 {
		return all[0], true
	}
	return etcd.Version{}, false
}

// mayFollow reports whether a change may reach the template before all else: no
// step, or the way back from one that not all members have taken, so that the
// cluster is still of the line that it returns to.
func (w *world) mayFollow() bool {
	_, to, crosses := w.crosses()
	return !crosses || w.allOf(to)
}

func back(from, to etcd.Version) bool {
	return etcd.Version{Major: to.Major, Minor: to.Minor}.Compare(etcd.Version{Major: from.Major, Minor: from.Minor}) < 0
}

// allOf reports whether the cluster is of a line, and all data that is known has
// its form.
func (w *world) allOf(line etcd.Version) bool {
	told := w.reports(func(_ Member, r control.Report) bool { return r.Etcd != nil && r.Etcd.Version != "" })
	return len(told) > 0 && !slices.ContainsFunc(told, func(m Member) bool {
		e := m.Agent.Etcd
		return lineOf(e.Version) != line.Line() || e.Storage != "" && e.Storage != line.Line()
	})
}

// lineOf is the release line of a release; empty when it is none.
func lineOf(release string) string {
	v, err := etcd.ParseVersion(release)
	if err != nil {
		return ""
	}
	return v.Line()
}

// step takes the next step towards another release line; nil when the change
// crosses none.
func (w *world) step() *Decision {
	from, to, crosses := w.crosses()
	if !crosses {
		return nil
	}
	hasTo := fmt.Sprintf("The cluster goes from etcd %s to %s", from.Line(), to.Line())
	if d := w.inTheWay(from, to, hasTo); d != nil {
		return d
	}
	if d := w.unprepared(to, hasTo); d != nil {
		return d
	}
	if back(from, to) {
		if d := w.lower(to, hasTo); d != nil {
			return d
		}
	}
	return act(FollowSpec{w.Template.Wanted}, ReasonRollingOut, fmt.Sprintf("%s (%s). All members are prepared; they restart for it, one after the other.", hasTo, w.Template.Changes))
}

// inTheWay is what has to be over before a step is prepared. A step back that is
// given up halfway waits for nobody: some members may only run on the line that
// it returns to.
func (w *world) inTheWay(from, to etcd.Version, hasTo string) *Decision {
	if learners := w.learners(); len(learners) > 0 {
		return wait(ReasonRollingOut, fmt.Sprintf("%s, once no member is a learner any more. Waiting for %s.", hasTo, w.seatWhys(learners)))
	}
	returns := slices.ContainsFunc(w.Members, func(m Member) bool { return m.Agent != nil && lineOf(m.Agent.Binary) == to.Line() })
	if unfit := w.unfit(seat{}); len(unfit) > 0 && !returns {
		return awaitSeats(unfit, troubleOf(unfit), fmt.Sprintf("%s, once every voter serves and has caught up. Waiting for %s.", hasTo, w.fitness(unfit)))
	}
	if !back(from, to) && !w.allOf(from) {
		return wait(ReasonRollingOut, fmt.Sprintf("%s, once etcd has made %s the version of the whole cluster, and of the data of every member.", hasTo, from.Line()))
	}
	return nil
}

// unprepared has members prepared, one at a time, and says what keeps them.
func (w *world) unprepared(to etcd.Version, hasTo string) *Decision {
	for _, s := range w.voters() {
		if !s.runs() || lineOf(s.at.Agent.Binary) == to.Line() {
			continue
		}
		switch step := s.at.Agent.Step; {
		case step == nil || step.To != to.Line():
			return act(Prepare{s.at.Name, to.Line()}, ReasonRollingOut,
				fmt.Sprintf("%s. %s is prepared for it: its data has to be such that %s reads it, and a snapshot of its database is kept on the volume.", hasTo, s, to.Line()))
		case step.State == control.StepBlocked:
			return blocked(ReasonVersionStep, fmt.Sprintf("%s, and %s is not prepared for it: %s %s", hasTo, s, step.Message, goOn))
		case step.State != control.StepReady:
			return wait(ReasonRollingOut, fmt.Sprintf("%s. Waiting until %s is prepared: a snapshot of its database is being kept on the volume.", hasTo, s))
		}
	}
	return nil
}

// lower has etcd lower the cluster's version, and waits for the members' data.
func (w *world) lower(to etcd.Version, hasTo string) *Decision {
	switch {
	case w.lowers() == "" && !w.allOf(to):
		return act(Downgrade{to.Line()}, ReasonRollingOut, fmt.Sprintf("%s. etcd is told so: it lowers the version of the cluster, and then of every member's data.", hasTo))
	case !w.allOf(to):
		return wait(ReasonRollingOut, fmt.Sprintf("%s. Waiting until the data of every member has the form of %s.", hasTo, to.Line()))
	default:
		return nil
	}
}

// lowers is the line that etcd is downgrading the cluster to; empty when it is
// not.
func (w *world) lowers() string {
	for _, m := range w.Members {
		if m.Agent != nil && m.Agent.Etcd != nil && m.Agent.Etcd.Downgrade != "" {
			return m.Agent.Etcd.Downgrade
		}
	}
	return ""
}

// steps ends what nobody wants any more: a downgrade, once the spec asks for
// another line, and what was prepared for a step that is over, or given up.
func steps(w *world) *Decision {
	to, ok := w.supportedVersion()
	if !ok {
		return nil
	}
	if line := w.lowers(); line != "" && line != to.Line() {
		return act(CancelDowngrade{line}, ReasonRollingOut, fmt.Sprintf("spec.version is %s: etcd is told not to go back to %s any more.", to, line))
	}
	if w.Template.Changes != "" || !w.arrived(to) {
		return nil
	}
	for _, s := range w.voters() {
		if s.runs() && (s.at.Agent.Step != nil || s.at.Agent.Volume.Kept != "") {
			return act(EndStep{s.at.Name}, ReasonRollingOut, fmt.Sprintf("Every member runs etcd %s: the snapshot that %s kept on its volume before is deleted.", to.Line(), s))
		}
	}
	return nil
}

// arrived reports whether every voter runs a line and serves, and the cluster is
// of that line.
func (w *world) arrived(line etcd.Version) bool {
	if len(w.unfit(seat{})) > 0 || !w.allOf(line) {
		return false
	}
	return !slices.ContainsFunc(w.voters(), func(s seat) bool { return lineOf(s.at.Agent.Binary) != line.Line() })
}
