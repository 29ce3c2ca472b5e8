package plan

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/etcd"
)

// birthOrder is an action in a form that can be compared and delivered later:
// for agents with the volumes that it is meant for.
type birthOrder struct {
	kind    birthKind
	token   uint8
	members uint8 // by bit
	disks   [3]uint8
}

type birthKind uint8

const (
	birthNothing birthKind = iota
	birthGrant
	birthResume
	birthRecordDiscard
	birthForget
	birthRecordFormed
	birthAdmit
	birthConfirm
	birthMark
	birthDiscard
)

var birthKindNames = [...]string{"nothing", "Grant", "Resume", "RecordDiscard", "ForgetBirth", "RecordFormed", "Admit", "Confirm", "MarkVolumes", "Discard"}

func (o birthOrder) String() string {
	return fmt.Sprintf("%s t%d of volumes %v, members %03b", birthKindNames[o.kind], o.token, o.disks, o.members)
}

// records reports whether the order only writes the record: all at once, and
// only while the record is still the one that was read.
func (o birthOrder) records() bool { return o.kind >= birthGrant && o.kind <= birthRecordFormed }

// order turns the action that was decided on this view into an order.
func (w *birthWorld) order(a Action, seen Observation) birthOrder {
	if Live(a) {
		return birthOrder{} // a changing membership is the simulator's: see internal/plan/sim
	}
	o := birthOrder{kind: birthKind(slices.Index(birthKindNames[:], Name(a)))}
	switch a := a.(type) {
	case Grant:
		o.volumes(a.Members)
	case Resume:
		o.token = birthTokenOf(a.Token)
		o.volumes(a.Members)
	case RecordDiscard:
		o.token = birthTokenOf(a.Token)
		o.volumes(a.Members)
	case ForgetBirth:
	case RecordFormed:
		o.token = uint8(a.ClusterID - birthCluster(0))
	case Admit:
		o.token = w.record.token
		o.to(a.Members, seen)
	case Confirm:
		o.token = uint8(a.ClusterID - birthCluster(0))
		o.to(a.Members, seen)
	case Discard:
		o.token = birthTokenOf(a.Token)
		o.to(a.Members, seen)
	case MarkVolumes:
		o.token = uint8(a.ClusterID - birthCluster(0))
		for i, claim := range birthClaims {
			if slices.Contains(a.Claims, claim) {
				o.members |= 1 << i
				o.disks[i] = w.nodes[i].disk // the claim that was seen: act compares UIDs
				if w.frozen.ordinal == int8(i+1) {
					o.disks[i] = w.frozen.node.disk
				}
			}
		}
	default:
		panic("a birth has no use for " + a.String())
	}
	return o
}

func birthTokenOf(token string) (t uint8) {
	_, _ = fmt.Sscanf(token, "t%d", &t)
	return t
}

func (o *birthOrder) volumes(members []BirthMember) {
	for _, m := range members {
		o.disks[slices.Index(birthNames[:], m.Name)] = uint8(slices.Index(birthDisks[:], m.VolumeID))
	}
}

func (o *birthOrder) to(names []etcd.MemberName, seen Observation) {
	for _, name := range names {
		i := slices.Index(birthNames[:], name)
		o.members |= 1 << i
		o.disks[i] = uint8(slices.Index(birthDisks[:], seen.Members[i].Agent.Volume.ID))
	}
}

// do carries an order out, to agents only for the members in to. Like act it
// looks live at the claims before it records a birth or its failure.
func (w *birthWorld) do(o birthOrder, to uint8) {
	if o.records() {
		if (o.kind != birthGrant && o.kind != birthRecordDiscard) || !w.remembers(0) {
			w.write(o)
		}
		return
	}
	for i := range w.n {
		if n := &w.nodes[i]; to&o.members&(1<<i) == 0 || n.disk != o.disks[i] {
			continue
		} else if o.kind == birthMark {
			n.mark = o.token
		} else if n.up {
			w.deliver(i, o)
		}
	}
}

// deliver hands an order to an agent, whose guards are those of package control.
func (w *birthWorld) deliver(i int8, o birthOrder) {
	n := &w.nodes[i]
	switch o.kind {
	case birthAdmit:
		if (n.token == 0 || n.token == o.token) && n.contents != birthData {
			n.token, n.contents = o.token, birthData
		}
	case birthConfirm:
		n.formed = n.formed || n.token == o.token
		if n.formed && w.recorded&(1<<n.token) == 0 {
			w.broken = birthServedUnrecorded
		}
	case birthDiscard:
		switch {
		case n.token != o.token:
		case n.formed:
			w.broken = birthToldToWipeFormed
		case n.keys:
			w.broken = birthToldToWipeKeys
		default:
			w.replace(i)
		}
	}
}

func (w *birthWorld) write(o birthOrder) {
	r := &w.record
	switch o.kind {
	case birthGrant:
		w.tokens++
		r.token, r.disks, r.discarding = w.tokens, o.disks, false
	case birthResume:
		r.token, r.disks, r.discarding = o.token, o.disks, false
	case birthRecordDiscard:
		r.token, r.disks, r.discarding = o.token, o.disks, true
	case birthForget:
		r.token, r.discarding = 0, false
	case birthRecordFormed:
		r.formed = o.token
		w.recorded |= 1 << o.token
	}
}
