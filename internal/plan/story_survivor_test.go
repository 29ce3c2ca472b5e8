package plan

import (
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// performSurvival does what belongs to a restore from a survivor.
func (l *lab) performSurvival(a Action) {
	switch a := a.(type) {
	case AskForSurvivor:
		l.seen.Request = &Request{Name: "demo-survivor-x", UID: "u2", Survivor: true}
	case Halt:
		for _, name := range a.Members {
			l.disks[name].Halted = a.Grant
		}
	case GiveUp:
		p := l.plights[a.Name]
		if p.stays {
			l.member(a.Name).Claim.Deleting = true
			p.pod = PodTerminating
			return
		}
		l.clear(a.Name)
	case Survive:
		id := l.seen.Record.ClusterID
		old := l.lists[id]
		for _, m := range l.seen.Members {
			l.plights[m.Name].listed = old
		}
		self, _ := old.ByID(a.ID)
		l.lists[id] = etcd.Members{self}
		v := l.disks[a.Name]
		v.Halted, v.Survived, l.plights[a.Name].listed = "", a.Grant, nil
		l.seen.Record.Restore.Chosen = a.ID
	case ForgetRestore:
		l.seen.Record.Restore = nil
	}
}

// withoutQuorum is what the agent of a member tells that is halted, or leaderless.
func (l *lab) withoutQuorum(m *Member, r *control.Report, a *control.Admission) {
	p := l.plights[m.Name]
	r.Listed = l.lists[l.seen.Record.ClusterID]
	if p.listed != nil {
		r.Listed = p.listed
	}
	if a == nil {
		r.State, r.Message = control.StateHalted, "etcd was stopped to bring the cluster back from a survivor, and waits for what the operator decides."
		r.Log = &control.LogPosition{Term: 2, Index: 5000 + p.log}
	}
}

// tellSurvivor is what only a restore from a survivor asks for.
func (l *lab) tellSurvivor(key string) {
	switch key {
	case "wanted":
		l.desired.SurvivorWanted = true
	case "longLost":
		l.seen.LostLong = true
	}
}
