package sim

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

const (
	self    = "quorate-system/quorate"
	cluster = etcd.ClusterID(0xc01)
)

var (
	names      [ordinals]etcd.MemberName
	peerURLs   [ordinals]string
	clientURLs [ordinals][]string
	claimNames [ordinals]string
	classes    = [...]string{"", "fast", "slow"}
	revisions  = [configs]string{"r0", "r1", "bad"}
	peers      [ordinals][]string
)

func init() {
	for i := range ordinals {
		names[i] = etcd.MemberName(fmt.Sprintf("demo-%d", i))
		peerURLs[i] = fmt.Sprintf("https://demo-%d.demo-peers:2380", i)
		clientURLs[i] = []string{fmt.Sprintf("https://demo-%d:2379", i)}
		claimNames[i] = fmt.Sprintf("data-demo-%d", i)
		peers[i] = peerURLs[i : i+1]
	}
}

// memberID is the ID of the member with that number.
func memberID(i int, number uint8) etcd.MemberID {
	if number == 0 {
		return 0
	}
	return etcd.MemberID(0xa000 + i<<8 + int(number))
}

func (r ref) memberID() etcd.MemberID { return memberID(int(r.ordinal), r.id) }

// refOf is the inverse of memberID.
func refOf(id etcd.MemberID) ref {
	if id == 0 {
		return ref{}
	}
	return ref{ordinal: int8(id>>8) & 0xf, id: uint8(id & 0xff)} //nolint:gosec // as memberID made it
}

var volumeIDs = func() (ids [ordinals][16]string) {
	for i := range ids {
		for k := range ids[i] {
			ids[i][k] = fmt.Sprintf("volume-%d.%d", i, k)
		}
	}
	return ids
}()

func volumeID(i int, number uint8) string {
	if number == 0 {
		return ""
	}
	return volumeIDs[i][number]
}

// Desired is what the spec asks for.
func (w *World) desired() plan.Desired {
	return plan.Desired{
		Replicas: int(w.spec.replicas), Version: "3.7.3", Paused: w.spec.paused, Hibernated: w.spec.hibernated,
		Defragmentation: plan.Defragmentation{Now: w.bloats, FreePercent: 50, MinFree: 1, MaxPause: 30},
		Replace:         w.spec.replace.memberID(), StorageClass: classes[w.spec.class], StorageSize: int64(w.spec.size),
	}
}

// observe is what an operator sees: through its cache, or live.
func (w *World) observe(live bool) plan.Observation {
	o := plan.Observation{
		Self: self, Record: plan.Record{Operator: self, ClusterID: cluster},
		Objects: []plan.Object{{Kind: "StatefulSet", Name: "demo", State: plan.ObjectCurrent}},
		Pods:    int(w.set.replicas),
	}
	if w.joining.id != 0 {
		i := int(w.joining.ordinal)
		o.Record.Joining = &plan.Joining{ID: w.joining.memberID(), Name: names[i], VolumeID: volumeID(i, w.joining.volume)}
	}
	if w.set.absent {
		o.Pods, o.Objects[0].State = plan.NoStatefulSet, plan.ObjectMissing
	} else if w.set.size != w.spec.size || w.spec.class != 0 && w.set.class != w.spec.class {
		o.StaleClaims = "the claim template differs"
	}
	o.Template.Wanted = revisions[w.spec.config]
	if !w.set.absent && w.set.config != w.spec.config {
		o.Template.Changes = "spec.etcd has changed"
		if w.validated == w.spec.config+1 {
			o.Template.Validation = plan.ValidationPassed // what is bad shows on members only
		}
	}
	w.certificates(&o)
	o.Etcd = w.list(live)
	count := max(int(w.spec.replicas), int(w.set.replicas), w.highest((*node).exists))
	o.Members = make([]plan.Member, count)
	for i := range o.Members {
		o.Members[i] = w.member(i, w.seen(i, live))
	}
	return o
}

// exists reports whether anything bears this ordinal.
func (n *node) exists() bool { return n.pod != absent || n.claim != noClaim || n.id != 0 }

// seen is the ordinal as the operator sees it.
func (w *World) seen(i int, live bool) *node {
	if !live && int(w.frozen.ordinal) == i+1 {
		return &w.frozen.node
	}
	return &w.nodes[i]
}

// list is the linearizable member list.
func (w *World) list(live bool) plan.EtcdView {
	if !w.reached() {
		return plan.EtcdView{Error: "no member answers"}
	}
	view := plan.EtcdView{Reached: true, ClusterID: cluster, Members: make(etcd.Members, 0, ordinals)}
	for i := range w.nodes {
		n := w.seen(i, live)
		if n.id == 0 {
			continue
		}
		m := etcd.Member{ID: memberID(i, n.id), PeerURLs: peers[i], IsLearner: n.learner}
		if n.started {
			m.Name, m.ClientURLs = names[i], clientURLs[i]
		}
		view.Members = append(view.Members, m)
	}
	return view
}

var (
	podStates    = [...]plan.PodState{plan.PodAbsent, plan.PodPending, plan.PodRunning, plan.PodTerminating}
	clientStates = [...]plan.Clients{plan.ClientsWelcome, plan.ClientsLeaving, plan.ClientsConnected, plan.ClientsGone}
)

func (w *World) member(i int, n *node) plan.Member {
	m := plan.Member{
		Name: names[i], PeerURL: peerURLs[i], Pod: podStates[n.pod], Clients: clientStates[n.clients],
		NodeGone: n.nodeGone, AgentError: "its pod has no address",
	}
	if n.pod == absent {
		m.Clients = plan.ClientsGone
	}
	m.Claim = claimView(i, n)
	if m.Claim != nil && n.stranded && !w.spec.hibernated {
		m.Loss = "its volume is on a node that does not exist any more"
	}
	if n.pod == pending && n.stranded {
		m.Trouble = &plan.Trouble{Reason: plan.ReasonUnschedulable, Message: "no node has its volume"}
	}
	switch {
	case n.pod != running:
	case !n.alive():
		m.AgentError = "connection refused"
	case n.hidden:
		m.AgentError = "timed out"
	default:
		m.Agent, m.AgentError = w.report(i, n), ""
		m.Ready = m.Agent.Etcd != nil && m.Agent.Etcd.Ready
	}
	w.compare(&m, n)
	w.trust(&m, n)
	m.Clients = told(m)
	if m.Claim != nil {
		m.Claim.Marked = n.mark != 0 && (m.Agent == nil || n.admitted == 0 || n.admitted == n.mark)
	}
	return m
}

// compare notes how a pod differs from the template, and from the spec.
func (w *World) compare(m *plan.Member, n *node) {
	if n.pod == absent {
		return
	}
	m.Outdated = !w.set.absent && n.config != w.set.config
	if n.config != w.spec.config {
		m.Stale = "spec.etcd has changed"
	}
}

func claimView(i int, n *node) *plan.Claim {
	if n.claim == noClaim {
		return nil
	}
	c := &plan.Claim{
		Name: claimNames[i], Deleting: n.claim == deleting, Class: classes[n.class], Size: int64(n.size),
		Growable: true, Member: memberID(i, n.mark),
	}
	if n.mark != 0 {
		c.Formed = cluster
	}
	if n.growing {
		c.Growing = "its provisioner is at work"
	}
	return c
}

// told is what is known of a member's clients: where none runs there is nobody
// to tell them anything.
func told(m plan.Member) plan.Clients {
	if m.Clients == plan.ClientsConnected && (m.Agent == nil || m.Agent.State != control.StateRunning) {
		return plan.ClientsGone
	}
	return m.Clients
}

// indexes are how far a member's log goes, next to the leader's 100000.
var indexes = [...]uint64{far: 10, behind: 99_999, current: 100_000}

func (w *World) report(i int, n *node) *control.Report {
	r := &control.Report{Member: names[i], Binary: "3.7.3", State: control.StateRunning}
	r.Volume = control.Volume{ID: volumeID(i, n.volume), Contents: control.ContentsData}
	if n.admitted != 0 {
		r.Volume.Admission = &control.Admission{ClusterID: cluster, MemberID: memberID(i, n.admitted), Formed: true, Members: several}
		if n.alone {
			r.Volume.Admission.Members = several[:1]
		}
	}
	switch {
	case n.removed:
		r.State, r.Message = control.StateRemoved, "the cluster has removed this member"
	case n.data == empty:
		r.State, r.Volume.Contents, r.Message = control.StateWaiting, control.ContentsEmpty, "the volume is empty"
	case n.data == corrupt:
		r.State, r.Reason, r.Message = control.StateRefused, control.ReasonCorruptWAL, "the write-ahead log cannot be read"
	case n.refuses():
		r.State, r.Reason, r.Message = control.StateRefused, control.ReasonBadConfig, "etcd refuses its configuration"
	case !n.joined:
		r.State, r.Etcd = control.StateStarting, w.status(i, n)
	default:
		r.Etcd = w.status(i, n)
	}
	return r
}

// several are the peers of a birth or a join: it only matters that they are more
// than one.
var several = []control.Peer{{Name: "demo-0"}, {Name: "demo-1"}}

// status is what an embedded server says of itself.
func (w *World) status(i int, n *node) *control.Etcd {
	e := &control.Etcd{
		ClusterID: cluster, MemberID: memberID(i, n.admitted), Term: 2,
		Index: indexes[n.log], AppliedIndex: indexes[n.log], Voters: w.size(),
	}
	if n.unapplied {
		e.AppliedIndex = indexes[far]
	}
	if n.id != n.admitted {
		return e // a former member that has not heard of its end
	}
	e.IsLearner = n.learner
	e.DBSize, e.DBSizeInUse, e.Defragmenting = 100, 100, n.copying
	if n.bloated {
		e.DBSizeInUse = 50
	}
	if w.alarm.id != 0 {
		e.Corrupt = []etcd.MemberID{w.alarm.memberID()}
	}
	leader := w.leader
	if int(w.frozen.ordinal) == i+1 && n == &w.frozen.node && w.frozen.leader {
		leader = int8(i) //nolint:gosec // at most ordinals
	}
	if leader != nobody {
		e.Leader = memberID(int(leader), w.nodes[leader].id)
		e.Ready = !n.learner && w.alarm.id == 0
	}
	return e
}
