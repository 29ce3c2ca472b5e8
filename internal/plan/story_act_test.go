package plan

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// perform does an action as act and the agents would; with only, it reaches no
// others than these members.
func (l *lab) perform(a Action, only []string) {
	switch a := a.(type) {
	case TakeCharge:
		l.seen.Record.Operator = l.seen.Self
	case Issue:
		told := l.seen.Certificates // what sources lack is not ours to issue
		l.seen.Certificates = Certificates{Sources: told.Sources, Incomplete: told.Incomplete, Rotation: told.Rotation}
		l.bundles()
	case Apply:
		l.apply(a.Objects)
	case Grant:
		l.tokens++
		l.seen.Record.Birth = &Birth{Token: fmt.Sprintf("t%d", l.tokens), Members: a.Members, Restore: a.Restore}
	case Resume:
		l.seen.Record.Birth = &Birth{Token: a.Token, Members: a.Members}
	case RecordDiscard:
		l.seen.Record.Birth = &Birth{Token: a.Token, Members: a.Members, Discarding: true}
	case ForgetBirth:
		l.seen.Record.Birth = nil
	case RecordFormed:
		l.seen.Record.ClusterID = a.ClusterID
	case Admit:
		l.eachDisk(a.Members, only, l.admit)
	case Confirm:
		l.eachDisk(a.Members, only, func(_ etcd.MemberName, v *control.Volume) {
			formed := *v.Admission
			formed.Formed = true
			v.Admission = &formed
		})
	case Discard:
		l.eachDisk(a.Members, only, func(name etcd.MemberName, _ *control.Volume) {
			l.disks[name] = l.mint()
		})
	case MarkVolumes:
		l.mark(a, only)
	case Send, StopSending:
		l.performRestore(a)
	default:
		l.performMembership(a)
	case Recreate:
		for _, name := range a.Members {
			l.plights[name] = &plight{}
			l.anew(name)
		}
	}
}

func (l *lab) apply(objects []string) {
	for i, o := range l.seen.Objects {
		if slices.Contains(objects, o.Kind+"/"+o.Name) {
			l.seen.Objects[i].State = ObjectCurrent
			if o.Kind == "StatefulSet" && l.seen.Pods == NoStatefulSet {
				l.seen.Pods = l.rendered()
				l.renewClaims()
			}
		}
	}
}

// rendered is the size of a StatefulSet that is made anew: all that anything
// remembers, or what the spec says of a cluster that was never formed.
func (l *lab) rendered() int {
	if l.desired.Hibernated {
		return 0
	}
	n := 0
	for i, m := range l.seen.Members {
		if m.Pod != PodAbsent || m.Claim != nil && m.Claim.Formed != 0 || l.seen.Etcd.Reached && l.idOf(m.Name) != 0 {
			n = i + 1
		}
	}
	if n > 0 {
		return n
	}
	return l.desired.Replicas
}

func (l *lab) eachDisk(members []etcd.MemberName, only []string, do func(etcd.MemberName, *control.Volume)) {
	for _, name := range members {
		if only == nil || slices.Contains(only, string(name)) {
			do(name, l.disks[name])
		}
	}
}

// admit is an agent's answer: it refuses another volume and another token.
func (l *lab) admit(name etcd.MemberName, v *control.Volume) {
	b := l.seen.Record.Birth
	granted, ok := b.volume(name)
	if !ok || v.ID != granted || (v.Admission != nil && v.Admission.Token != b.Token) {
		return
	}
	a := &control.Admission{Token: b.Token, ClusterID: clusterOf(b.Token)}
	for i, m := range b.Members {
		a.Members = append(a.Members, control.Peer{Name: m.Name, PeerURL: peerURL(m.Name)})
		if m.Name == name {
			a.MemberID = memberOf(b.Token, i)
		}
	}
	v.Admission, v.Contents = a, control.ContentsData
}

func (l *lab) mark(a MarkVolumes, only []string) {
	for i := range l.seen.Members {
		m := &l.seen.Members[i]
		if m.Claim == nil || !slices.Contains(a.Claims, m.Claim.Name) {
			continue
		}
		if only == nil || slices.Contains(only, string(m.Name)) {
			m.Claim.Formed, m.Claim.Marked, m.Claim.Unused = a.ClusterID, true, false
			if v := l.disks[m.Name]; v != nil && v.Admission != nil {
				m.Claim.Member = v.Admission.MemberID
			}
		}
	}
}
