package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// settle lets Kubernetes, the agents and etcd do what they do by themselves.
func (l *lab) settle() {
	for i := range max(l.desired.Replicas, l.seen.Pods) {
		l.member(etcd.MemberName(fmt.Sprintf("demo-%d", i)))
	}
	for i := range l.seen.Members {
		l.settlePod(i, &l.seen.Members[i])
	}
	l.seen.StaleEpoch = l.seen.Pods != NoStatefulSet && l.shelf.set != 0 && l.shelf.set != l.seen.Record.Epoch
	l.elect()
	l.settleVersion()
	l.seen.Etcd = EtcdView{Error: "no endpoint answers"}
	for i := range l.seen.Members {
		l.settleAgent(&l.seen.Members[i])
	}
	switch {
	case l.etcdError != "":
		l.seen.Etcd = EtcdView{Error: l.etcdError}
	case l.foreign != 0:
		l.seen.Etcd = EtcdView{Reached: true, ClusterID: l.foreign}
	}
}

// settlePod runs the pods of a StatefulSet that exists, on claims that exist.
func (l *lab) settlePod(i int, m *Member) {
	p := l.plights[m.Name]
	switch {
	case p.pod != "":
		m.Pod = p.pod
	case m.Pod != PodRunning && l.statefulSet() && i < l.seen.Pods:
		m.Pod = PodRunning
	case i >= l.seen.Pods:
		m.Pod, m.Stale, m.Outdated = PodAbsent, "", false
	}
	if m.Pod == PodRunning && l.disks[m.Name] == nil {
		l.disks[m.Name] = l.mint()
		m.Claim = l.newClaim(m.Name)
	}
}

func (l *lab) statefulSet() bool {
	return slices.ContainsFunc(l.seen.Objects, func(o Object) bool {
		return o.Kind == "StatefulSet" && o.State == ObjectCurrent
	})
}

// starts reports what a member runs: by what its volume remembers.
func (l *lab) starts(name etcd.MemberName) *control.Admission {
	v, p := l.disks[name], l.plights[name]
	if v == nil || v.Admission == nil || v.Contents != control.ContentsData || v.Halted != "" || p.state != "" || l.member(name).Pod != PodRunning {
		return nil
	}
	return v.Admission
}

// quorum reports whether the members that run of a cluster elect a leader: a
// majority of its list, or of its birth before there is one.
func (l *lab) quorum(id etcd.ClusterID) bool {
	running, of := 0, 0
	list, formed := l.lists[id]
	for _, m := range l.seen.Members {
		a := l.starts(m.Name)
		if a == nil || a.ClusterID != id {
			continue
		}
		if entry, counted := list.ByID(a.MemberID); !formed || counted && !entry.IsLearner {
			running, of = running+1, len(a.Members)
		}
	}
	if formed {
		of = len(list.Voters())
	}
	return etcd.HasQuorum(running, of)
}

// elect forms the lists of clusters that have a quorum for the first time, lets
// running members publish themselves, and replaces a leader that is gone.
func (l *lab) elect() {
	leads := false
	var next etcd.MemberID
	for _, m := range l.seen.Members {
		a := l.starts(m.Name)
		if a == nil || !l.quorum(a.ClusterID) {
			continue
		}
		if _, formed := l.lists[a.ClusterID]; !formed {
			for i, peer := range a.Members {
				l.lists[a.ClusterID] = append(l.lists[a.ClusterID], etcd.Member{ID: memberOf(a.Token, i), Name: peer.Name, PeerURLs: []string{peer.PeerURL}})
			}
		}
		list := l.lists[a.ClusterID]
		for i := range list {
			if list[i].ID == a.MemberID {
				list[i].Name, list[i].ClientURLs = m.Name, []string{"https://" + string(m.Name) + ":2379"}
				leads = leads || l.lead == a.MemberID
				if next == 0 && !list[i].IsLearner {
					next = a.MemberID
				}
			}
		}
	}
	if !leads {
		l.lead = next
	}
}

// settleAgent makes an agent report, and etcd answer through it.
func (l *lab) settleAgent(m *Member) {
	v, p := l.disks[m.Name], l.plights[m.Name]
	m.Agent, m.AgentError, m.Ready = nil, p.silent, false
	if m.Pod != PodRunning {
		return
	}
	r := &control.Report{Member: m.Name, State: control.StateWaiting, Binary: cmp.Or(p.binary, usualRelease), Volume: *v, Snapshot: l.snapshot(m.Name)}
	a := l.starts(m.Name)
	switch {
	case p.state != "":
		r.State, r.Reason, r.Message = p.state, p.reason, p.message
	case a != nil && l.quorum(a.ClusterID):
		l.running(m, r, a)
	case a != nil:
		r.State, r.Etcd = control.StateStarting, &control.Etcd{ClusterID: a.ClusterID, MemberID: a.MemberID, Term: 2, Voters: len(l.lists[a.ClusterID].Voters())}
		l.withoutQuorum(m, r, a)
	case v.Halted != "":
		l.withoutQuorum(m, r, nil)
	}
	l.version(m.Name, r)
	l.database(m.Name, r)
	if p.silent == "" {
		m.Agent = r
		if r.State == control.StateRunning && !r.Etcd.IsLearner && !l.seen.Etcd.Reached {
			l.seen.Etcd = EtcdView{Reached: true, ClusterID: a.ClusterID, Members: slices.Clone(l.lists[a.ClusterID])}
		}
	}
}

// running is what a member reports that runs, or that finds itself removed.
func (l *lab) running(m *Member, r *control.Report, a *control.Admission) {
	entry, counted := l.lists[a.ClusterID].ByID(a.MemberID)
	if !counted {
		r.State = control.StateRemoved
		return
	}
	ready := a.Formed && !entry.IsLearner && len(l.alarms) == 0
	r.State = control.StateRunning
	r.Etcd = &control.Etcd{ClusterID: a.ClusterID, MemberID: a.MemberID, Leader: l.lead, Term: 2, IsLearner: entry.IsLearner,
		Index: 5000, AppliedIndex: 5000, Ready: ready, Corrupt: l.alarms}
	if l.plights[m.Name].behind {
		r.Etcd.AppliedIndex, r.Etcd.Index = 10, 10
	}
	if l.plights[m.Name].idle {
		r.Etcd.AppliedIndex = 0
	}
	m.Ready = ready
}
