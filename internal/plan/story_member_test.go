package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// tellMember does one thing to a member:
//
//	pod=Pending                 its pod is kept in that state
//	silent="timed out"          the operator does not reach its agent
//	cut="its node is off"       nor do its peers
//	refuses=CorruptWAL:"..."    its agent refuses its disk
//	removed, starting           its agent says so
//	free                        all of the above ends
//	trouble=Unschedulable:"..." Kubernetes says why the pod does not come up
//	next=Unschedulable:"..."    so it goes with its pod once that is made anew
//	stale="snapshot-count ..."  its pod was not made from the spec; empty: it was
//	adjust="labels"             that can change on its pod as it runs
//	adjusting="..."             its node has not done that yet
//	binary=3.6.16               it runs that release
//	blocks="no room"            it cannot be prepared for another release line
//	db=900/300/1000/200         MiB: its database, in use, quota, in use once it is compacted
//	copies, copied=45 failed="" it is being defragmented, was in so many seconds, could not be
//	trust=Awaited               whom it is to trust has not come to it
//	cordoned, uncordoned        its node takes no new pods, or does again
//	outdated                    its pod follows an older template
//	behind, caughtup            it lags behind the leader, or no more
//	idle                        its database came from the leader, and nobody has written since
//	leaving, gone, welcome      clients are about to be sent elsewhere, are, come back
//	ahead=7                     its log has more entries than others
//	evidence="its PV is gone"   Kubernetes says that its volume is gone for good
//	nodegone                    the node of its pod does not exist any more
//	cannotgrow, growing="..."   its claim
//	stays                       what is deleted of it stays, until: stopped
//	lost                        its volume and claim are gone; an empty one comes
//	volume=vol-x                it has that volume, empty
//	contents=Unborn             what lies on its volume
//	admitted=t1 formed=t1       what its volume remembers
//	holds=c0101                 it is that member of the cluster
//	claim=leaving               its claim is being deleted
//	marked=c01                  its claim bears that mark; 0: none
func (l *lab) tellMember(name etcd.MemberName, key, value string) error {
	m, p := l.member(name), l.plights[name]
	switch key {
	case "pod":
		p.pod = PodState(value)
	case "silent":
		p.silent = value
	case "cut":
		p.silent, p.state = value, control.StateStarting
	case "refuses":
		reason, message, _ := strings.Cut(value, ":")
		p.state, p.reason, p.message = control.StateRefused, control.Reason(reason), message
	case "removed":
		p.state, p.message = control.StateRemoved, "the cluster removed this member"
	case "starting":
		p.state = control.StateStarting
	case "free":
		*p, m.Trouble = plight{}, nil
	case "trouble":
		reason, message, _ := strings.Cut(value, ":")
		m.Trouble = &Trouble{Reason(reason), message}
	case "next":
		p.next = value
	case "stale":
		m.Stale = value
	case "adjust":
		m.Adjust = value
	case "adjusting":
		m.Adjusting = value
	case "binary":
		p.binary = value
	case "db", "copies", "copied", "failed":
		return p.db.tell(key, value)
	case "trust":
		m.Trust = Trust(value)
	case "cordoned", "uncordoned":
		m.Cordoned = key == "cordoned"
	case "blocks":
		p.blocks, p.step = value, nil
	case "ahead":
		_, err := fmt.Sscan(value, &p.log)
		return err
	case "stays":
		p.stays = true
	case "stopped":
		p.stays, p.pod = false, ""
		l.clear(name)
	case "behind":
		p.behind = true
	case "idle":
		p.idle = true
	case "caughtup":
		p.behind = false
	case "leaving":
		m.Clients = ClientsLeaving
	case "connected":
		m.Clients = ClientsConnected
	case "gone":
		m.Clients = ClientsGone
	case "welcome":
		m.Clients = ClientsWelcome
	case "evidence":
		m.Loss = value
	case "nodegone":
		m.NodeGone = true
	case "cannotgrow":
		m.Claim.Growable = false
	case "growing":
		m.Claim.Growing = value
	case "outdated":
		m.Outdated = true
	case "lost":
		delete(l.disks, name)
		m.Claim, m.Pod = nil, PodAbsent
	default:
		return l.tellVolume(name, key, value)
	}
	return nil
}

// tellVolume changes what outlives a member's pod.
func (l *lab) tellVolume(name etcd.MemberName, key, value string) error {
	m := l.member(name)
	if m.Claim == nil {
		m.Claim = l.newClaim(name)
	}
	if l.disks[name] == nil {
		l.disks[name] = l.mint()
	}
	v := l.disks[name]
	switch key {
	case "volume":
		*v = control.Volume{ID: value, Contents: control.ContentsEmpty}
	case "contents":
		v.Contents = control.Contents(value)
	case "admitted", "formed":
		v.Contents = control.ContentsData
		v.Admission = l.admission(name, value)
		v.Admission.Formed = key == "formed"
	case "holds":
		v.Contents, v.Admission = control.ContentsData, &control.Admission{ClusterID: l.seen.Record.ClusterID, Formed: true}
		return v.Admission.MemberID.UnmarshalText([]byte(value))
	case "claim":
		m.Claim.Deleting = value == "leaving"
		p := l.plights[name]
		p.stays = value == "stuck"
	case "marked":
		m.Claim.Marked = value != "0"
		if v.Admission != nil {
			m.Claim.Member = v.Admission.MemberID
		}
		return m.Claim.Formed.UnmarshalText([]byte(value))
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

// newClaim is a claim as the StatefulSet's template makes it.
func (l *lab) newClaim(name etcd.MemberName) *Claim {
	return &Claim{Name: claimOf(l.seen.Record.Epoch, name), Class: l.class, Size: l.size, Growable: true, Unused: l.seen.Record.Restore.active()}
}

func (l *lab) mint() *control.Volume {
	v := &control.Volume{ID: fmt.Sprintf("vol-%d", l.volumes), Contents: control.ContentsEmpty}
	l.volumes++
	return v
}

// admission is what a volume remembers of the birth of that token. Token t1
// makes cluster c01, whose first member is c0100.
func (l *lab) admission(name etcd.MemberName, token string) *control.Admission {
	a := &control.Admission{Token: token, ClusterID: clusterOf(token)}
	for i := range l.desired.Replicas {
		peer := etcd.MemberName(fmt.Sprintf("demo-%d", i))
		a.Members = append(a.Members, control.Peer{Name: peer, PeerURL: peerURL(peer)})
		if peer == name {
			a.MemberID = memberOf(token, i)
		}
	}
	return a
}

func clusterOf(token string) etcd.ClusterID {
	var n etcd.ClusterID
	_, _ = fmt.Sscanf(token, "t%d", &n)
	return 0xc00 + n
}

func memberOf(token string, i int) etcd.MemberID {
	return etcd.MemberID(clusterOf(token))<<8 | etcd.MemberID(i)
}
