package plan

import (
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// observe is what an operator sees.
func (w *birthWorld) observe() Observation {
	o := Observation{Self: "a/b", Record: Record{Operator: "a/b", Birth: w.birth()}, Pods: int(w.n)}
	if w.record.formed != 0 {
		o.Record.ClusterID = birthCluster(w.record.formed)
	}
	o.Members = make([]Member, w.n)
	for i := range w.n {
		o.Members[i] = w.member(i, w.nodes[i])
		if t := w.nodes[i].token; w.runs(i, t) && w.nodes[i].known == t && w.quorum(t, true) {
			o.Etcd = w.answer(t)
		}
	}
	if i := w.frozen.ordinal - 1; i >= 0 {
		o.Members[i] = w.member(i, w.frozen.node)
	}
	return o
}

func (w *birthWorld) birth() *Birth {
	if w.record.token == 0 {
		return nil
	}
	b := &Birth{Token: birthToken(w.record.token), Discarding: w.record.discarding}
	for i, disk := range w.record.disks {
		if disk != 0 {
			b.Members = append(b.Members, BirthMember{birthNames[i], birthDisks[disk]})
		}
	}
	return b
}

func (w *birthWorld) member(i int8, n birthNode) Member {
	m := Member{Name: birthNames[i], PeerURL: birthURLs[i], Pod: PodPending, Claim: &Claim{Name: birthClaims[i]}}
	if n.mark != 0 {
		m.Claim.Marked, m.Claim.Formed, m.Claim.Member = true, birthCluster(n.mark), birthMember(i, n.mark)
	}
	if !n.up {
		return m
	}
	m.Pod = PodRunning
	m.Agent = &control.Report{Member: m.Name, State: control.StateWaiting, Volume: control.Volume{ID: birthDisks[n.disk], Contents: birthContentsNames[n.contents]}}
	if n.token == 0 {
		return m
	}
	id := birthCluster(n.token)
	m.Agent.Volume.Admission = &control.Admission{Token: birthToken(n.token), ClusterID: id, MemberID: birthMember(i, n.token), Formed: n.formed, Members: make([]control.Peer, w.n)}
	if n.contents != birthData {
		return m
	}
	m.Agent.State = control.StateStarting
	if n.known == n.token && w.quorum(n.token, true) {
		m.Agent.State = control.StateRunning
		m.Agent.Etcd = &control.Etcd{ClusterID: id, MemberID: birthMember(i, n.token), Leader: w.leads(n.token), Term: 2, Ready: n.formed}
		m.Ready = n.formed
	}
	return m
}

func birthMember(i int8, token uint8) etcd.MemberID {
	return etcd.MemberID(birthCluster(token))<<8 | etcd.MemberID(i)
}

func (w *birthWorld) answer(token uint8) EtcdView {
	view := EtcdView{Reached: true, ClusterID: birthCluster(token), Members: make(etcd.Members, w.n)}
	for i := range w.n {
		view.Members[i] = etcd.Member{ID: birthMember(i, token), Name: birthNames[i], PeerURLs: []string{birthURLs[i]}}
		if w.nodes[i].known == token {
			view.Members[i].ClientURLs = []string{birthURLs[i]}
		}
	}
	return view
}

// leads is the first member that runs and knows its cluster.
func (w *birthWorld) leads(token uint8) etcd.MemberID {
	for i := range w.n {
		if w.runs(i, token) && w.nodes[i].known == token {
			return birthMember(i, token)
		}
	}
	return 0
}
