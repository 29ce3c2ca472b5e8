package plan

import (
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// settle lets Kubernetes, the agents and etcd do what they do by themselves.
func (l *lab) settle() {
	for i := range l.seen.Members {
		l.settlePod(i, &l.seen.Members[i])
	}
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
	case m.Pod != PodRunning && l.statefulSet() && i < l.desired.Replicas:
		m.Pod = PodRunning
	case i >= l.desired.Replicas:
		m.Pod = PodAbsent
	}
	if m.Pod == PodRunning && l.disks[m.Name] == nil {
		l.disks[m.Name] = l.mint()
		m.Claim = &Claim{Name: "data-" + string(m.Name)}
	}
}

func (l *lab) statefulSet() bool {
	return slices.ContainsFunc(l.seen.Objects, func(o Object) bool {
		return o.Kind == "StatefulSet" && o.State == ObjectCurrent
	})
}

// starts reports whether a member runs etcd: by what its volume remembers.
func (l *lab) starts(name etcd.MemberName) (token string, ok bool) {
	v, p := l.disks[name], l.plights[name]
	if v == nil || v.Admission == nil || v.Contents != control.ContentsData {
		return "", false
	}
	return v.Admission.Token, p.state == "" && l.member(name).Pod == PodRunning
}

// quorum reports whether the members that run under a token elect a leader.
func (l *lab) quorum(token string) bool {
	running, of := 0, 0
	for _, m := range l.seen.Members {
		if t, ok := l.starts(m.Name); ok && t == token {
			running, of = running+1, len(l.disks[m.Name].Admission.Members)
		}
	}
	return etcd.HasQuorum(running, of)
}

// settleAgent makes an agent report, and etcd answer through it.
func (l *lab) settleAgent(m *Member) {
	v, p := l.disks[m.Name], l.plights[m.Name]
	m.Agent, m.AgentError, m.Ready = nil, p.silent, false
	if m.Pod != PodRunning {
		return
	}
	r := &control.Report{Member: m.Name, State: control.StateWaiting, Binary: "3.7.3", Volume: *v}
	token, ok := l.starts(m.Name)
	switch {
	case p.state != "":
		r.State, r.Reason, r.Message = p.state, p.reason, p.message
	case ok && l.quorum(token):
		l.published[token+string(m.Name)] = true
		r.State = control.StateRunning
		r.Etcd = &control.Etcd{ClusterID: v.Admission.ClusterID, MemberID: v.Admission.MemberID, Ready: v.Admission.Formed}
		m.Ready = v.Admission.Formed
	case ok:
		r.State = control.StateStarting
	}
	if p.silent != "" {
		return
	}
	m.Agent = r
	if r.Etcd != nil && !l.seen.Etcd.Reached {
		l.seen.Etcd = l.answer(v.Admission)
	}
}

// answer is the linearizable member list of a cluster. Founding members bear
// their names before they ever started.
func (l *lab) answer(a *control.Admission) EtcdView {
	view := EtcdView{Reached: true, ClusterID: a.ClusterID}
	for i, peer := range a.Members {
		m := etcd.Member{ID: memberOf(a.Token, i), Name: peer.Name, PeerURLs: []string{peer.PeerURL}}
		if token, ok := l.starts(peer.Name); (ok && token == a.Token) || l.published[a.Token+string(peer.Name)] {
			m.ClientURLs = []string{"https://" + string(peer.Name) + ":2379"}
		}
		view.Members = append(view.Members, m)
	}
	return view
}
