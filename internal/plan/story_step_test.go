package plan

import (
	"cmp"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// stepping is what a cluster has by which release lines differ.
type stepping struct {
	template string // release that pods are made from; empty: the usual one
	cluster  string // its version; empty: as its members
	lowers   string // line of a downgrade
}

const usualRelease = "3.7.3"

// release makes all that there is of one release.
func (l *lab) release(release string) {
	l.step = stepping{template: release, cluster: release}
	l.seen.Template.Version = release
	for _, p := range l.plights {
		p.binary = release
	}
}

// performStep does what belongs to a step between release lines.
func (l *lab) performStep(a Action) {
	switch a := a.(type) {
	case FollowSpec:
		l.step.template, l.seen.Template.Version = l.desired.Version, l.desired.Version
	case Restart:
		l.plights[a.Name].binary, l.plights[a.Name].step = l.step.template, nil
	case Prepare:
		p := l.plights[a.Name]
		p.step = &control.Step{To: a.To, State: control.StepReady}
		if p.blocks != "" {
			p.step.State, p.step.Message = control.StepBlocked, p.blocks
			return
		}
		p.kept = a.To
	case EndStep:
		l.plights[a.Name].step, l.plights[a.Name].kept = nil, ""
	case Downgrade:
		l.step.lowers = a.To
	case CancelDowngrade:
		l.step.lowers = ""
	}
}

// settleVersion lets etcd decide the cluster's version: that of the oldest
// member, or the one that it is downgraded to. A downgrade ends with the last
// member that goes back.
func (l *lab) settleVersion() {
	var releases []string
	for _, m := range l.seen.Members {
		if l.starts(m.Name) != nil {
			releases = append(releases, cmp.Or(l.plights[m.Name].binary, usualRelease))
		}
	}
	if len(releases) == 0 {
		return
	}
	oldest := slices.MinFunc(releases, func(a, b string) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	newest := slices.MaxFunc(releases, func(a, b string) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	switch lowers := l.step.lowers; {
	case lowers != "":
		l.step.cluster = lowers + ".0"
		if lineOf(newest) == lowers {
			l.step.lowers = ""
		}
	case l.step.cluster == "" || lineOf(oldest) > lineOf(l.step.cluster):
		l.step.cluster = oldest
	}
}

// version adds to a report what a member knows of release lines.
func (l *lab) version(name etcd.MemberName, r *control.Report) {
	p := l.plights[name]
	r.Step, r.Volume.Kept = p.step, p.kept
	if r.Etcd != nil {
		r.Etcd.Version, r.Etcd.Storage, r.Etcd.Downgrade = l.step.cluster, lineOf(l.step.cluster), l.step.lowers
	}
}
