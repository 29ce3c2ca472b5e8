package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// ruin is a cluster of three of which members are lost, or only seem to be; or one of
// five of which two are lost before it begins. It is a value, so that it can be a key.
type ruin struct {
	of      int8
	nodes   [3]ruined
	active  bool // the restore is recorded
	chosen  int8 // who was told to survive, counted from 1
	request bool // the EtcdRestore is there
	faults  int8 // left
	late    lateCall
	broken  string
}

type ruined struct {
	pod      PodState
	away     away
	claim    ruinedClaim
	data     bool // of an old member
	ahead    bool // its log goes further than others
	halted   bool
	survived bool
	named    bool // in spec.lostMembers
}

// away says what a node's absence is.
type away uint8

const (
	there  away = iota
	hidden      // it runs, and reaches only others that are hidden
	off
)

type ruinedClaim uint8

const (
	claimGone ruinedClaim = iota
	claimOld
	claimLeaving
	claimNew
)

// lateCall is a request that was sent by an operator that died.
type lateCall struct {
	what string
	at   int8
}

func newRuin(of, faults int8) ruin {
	r := ruin{of: of, request: true, faults: faults}
	for i := range r.nodes {
		r.nodes[i] = ruined{pod: PodRunning, claim: claimOld, data: true}
	}
	return r
}

// runs reports whether an old member's process runs.
func (n ruined) runs() bool {
	return n.pod != PodAbsent && n.data && !n.halted && !n.survived && n.away != off
}

// elect reports whether those who reach each other, there or hidden, are a quorum of
// all.
func (r *ruin) elect(where away) bool {
	count := 0
	for _, n := range r.nodes {
		if n.runs() && n.away == where {
			count++
		}
	}
	return etcd.HasQuorum(count, int(r.of))
}

// reunited are old members that run, whoever reaches whom: one day they all do.
func (r *ruin) reunited() (count int) {
	for _, n := range r.nodes {
		if n.runs() {
			count++
		}
	}
	return count
}

func (r *ruin) observation() Observation {
	o := Observation{Self: "a/b", Pods: int(r.of), Record: Record{Operator: "a/b", ClusterID: 0xc01, Epoch: 1}, Etcd: EtcdView{Error: "nobody answers"}}
	o.Objects = []Object{{Kind: "StatefulSet", Name: "demo", State: ObjectCurrent}}
	if r.request {
		o.Request = &Request{Name: "back", UID: "u1", Survivor: true}
	}
	if r.active {
		o.Record.Restore = &Restoration{Name: "back", UID: "u1", Survivor: true, Epoch: 1, FormerEpoch: 1}
		if r.chosen > 0 {
			o.Record.Restore.Chosen = ruinID(int(r.chosen) - 1)
		}
	}
	all := etcd.Members{}
	for i := range int(r.of) {
		name := ruinName(i)
		all = append(all, etcd.Member{ID: ruinID(i), Name: name, PeerURLs: []string{peerURL(name)}, ClientURLs: []string{"https://" + string(name)}})
	}
	for i, n := range r.nodes {
		if n.named && o.Request != nil {
			o.Request.Lost = append(o.Request.Lost, ruinID(i))
		}
		o.Members = append(o.Members, r.member(i, n, all))
		if n.survived && n.pod == PodRunning && n.away == there {
			o.Etcd = EtcdView{Reached: true, ClusterID: 0xc01, Members: all[i : i+1]}
		}
	}
	for i := len(r.nodes); i < int(r.of); i++ {
		o.Members = append(o.Members, r.member(i, ruined{pod: PodRunning, claim: claimNew}, all))
	}
	if r.elect(there) {
		o.Etcd = EtcdView{Reached: true, ClusterID: 0xc01, Members: all}
	}
	return o
}

func (r *ruin) member(i int, n ruined, all etcd.Members) Member {
	m := Member{Name: ruinName(i), PeerURL: peerURL(ruinName(i)), Pod: n.pod, AgentError: "timed out"}
	switch n.claim {
	case claimOld, claimLeaving:
		m.Claim = &Claim{Name: "data-" + string(m.Name), Formed: 0xc01, Member: ruinID(i), Marked: true, Deleting: n.claim == claimLeaving}
	case claimNew:
		m.Claim = &Claim{Name: "data-" + string(m.Name), Unused: r.active}
	}
	if n.away == there && n.pod == PodRunning {
		m.Agent, m.AgentError = r.report(i, n, all), ""
	}
	return m
}

func (r *ruin) report(i int, n ruined, all etcd.Members) *control.Report {
	rep := &control.Report{Member: ruinName(i), State: control.StateWaiting, Volume: control.Volume{ID: "v", Contents: control.ContentsEmpty}}
	if !n.data {
		return rep
	}
	rep.State, rep.Listed = control.StateRunning, all
	rep.Volume = control.Volume{ID: "v", Contents: control.ContentsData, Admission: &control.Admission{ClusterID: 0xc01, MemberID: ruinID(i), Formed: true, Members: []control.Peer{{}, {}, {}}}}
	switch {
	case n.halted:
		rep.State, rep.Volume.Halted, rep.Log = control.StateHalted, "u1", &control.LogPosition{Term: 2, Index: 10}
		if n.ahead {
			rep.Log.Index++
		}
		return rep
	case n.survived:
		rep.Volume.Survived, rep.Listed = "u1", all[i:i+1]
	}
	rep.Etcd = &control.Etcd{ClusterID: 0xc01, MemberID: ruinID(i), Voters: len(rep.Listed), Ready: n.survived}
	if r.elect(there) || n.survived {
		rep.Etcd.Leader, rep.Listed = ruinID(i), nil
	}
	return rep
}

func ruinName(i int) etcd.MemberName { return etcd.MemberName(fmt.Sprintf("demo-%d", i)) }
func ruinID(i int) etcd.MemberID     { return etcd.MemberID(0xa0 + i) }

func ruinIndex(name etcd.MemberName) int { return int(name[len(name)-1] - '0') }

// arrive is one request at the one whom it is about, with what that one checks.
func (r *ruin) arrive(c lateCall) {
	n := &r.nodes[c.at]
	agent := n.away == there && n.pod == PodRunning && n.data
	switch c.what {
	case "halt":
		n.halted = n.halted || agent && !n.survived && !r.elect(there)
	case "start":
		n.halted = n.halted && !agent
	case "survive":
		if !agent || !n.halted {
			return
		}
		for _, other := range r.nodes {
			if other.away == there && other.data && other.ahead && !n.ahead && !other.survived {
				r.broken = "a survivor has less than a member that was there"
			}
		}
		n.halted, n.survived = false, true
	case "delete":
		if n.claim == claimOld {
			n.claim = claimLeaving
		}
		if n.pod == PodRunning && n.claim != claimNew {
			n.pod = PodTerminating
		}
	}
}
