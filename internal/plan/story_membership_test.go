package plan

import (
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// performMembership does what changes a formed cluster.
func (l *lab) performMembership(a Action) {
	l.performStep(a)
	l.performMaintenance(a)
	l.performRotation(a)
	l.performRestoration(a)
	id := l.seen.Record.ClusterID
	switch a := a.(type) {
	case Resize:
		l.seen.Pods = a.To
	case RenewClaims:
		l.renewClaims()
	case GrowClaims:
		for i := range l.seen.Members {
			if c := l.seen.Members[i].Claim; c != nil && slices.Contains(a.Claims, c.Name) {
				c.Size = a.Size
			}
		}
	case AddLearner:
		l.joined++
		l.lists[id] = append(l.lists[id], etcd.Member{ID: memberOf("t1", 0x80+l.joined), PeerURLs: []string{a.PeerURL}, IsLearner: true})
	case Join:
		l.seen.Record.Joining = &Joining{a.ID, a.Name, a.VolumeID}
		v := l.disks[a.Name]
		v.Contents, v.Admission = control.ContentsData, &control.Admission{ClusterID: id, MemberID: a.ID, Formed: true}
	case Promote:
		l.entry(a.ID).IsLearner = false
	case MoveLeader:
		l.lead = a.ToID
	case RemoveMember:
		l.lists[id] = slices.DeleteFunc(l.lists[id], func(m etcd.Member) bool { return m.ID == a.ID })
	case Disarm:
		l.alarms = slices.DeleteFunc(l.alarms, func(c etcd.MemberID) bool { return c == a.ID })
	case Withdraw:
		l.clients(a.Members, ClientsConnected)
	case Drain:
		l.clients([]etcd.MemberName{a.Name}, ClientsGone)
	case Welcome:
		l.clients(a.Members, ClientsWelcome)
	case Clear:
		l.clear(a.Name)
	case DropPod:
		m := l.member(a.Name)
		m.Pod, m.NodeGone, l.plights[a.Name].pod = PodAbsent, false, PodPending
	case Validate:
		l.validate()
	case FollowSpec:
		l.seen.Template.Changes = ""
		for i := range l.seen.Members {
			m := &l.seen.Members[i]
			m.Outdated = m.Stale != ""
		}
	case Restart:
		l.anew(a.Name)
	case Adjust:
		l.member(a.Name).Adjust = ""
	case Prune:
		l.seen.Objects = slices.DeleteFunc(l.seen.Objects, func(o Object) bool { return o.State == ObjectSurplus })
	}
}

func (l *lab) clients(names []etcd.MemberName, c Clients) {
	for _, name := range names {
		l.member(name).Clients = c
	}
}

// validate gives the verdict that was told; without one it is good.
func (l *lab) validate() {
	t := &l.seen.Template
	t.Validation = ValidationPassed
	if len(l.verdict) == 0 {
		return
	}
	t.Validation = ValidationRuns
	if reason, message, ok := strings.Cut(l.verdict[0], ":"); ok {
		t.Trouble = &Trouble{Reason(reason), message}
	} else if l.verdict[0] == string(ValidationFailed) {
		t.Validation, t.Verdict = ValidationFailed, l.verdict[1]
	}
	l.verdict = nil
}

// anew makes a pod from the template.
func (l *lab) anew(name etcd.MemberName) {
	m, p := l.member(name), l.plights[name]
	m.Pod, m.Outdated, m.Stale, m.Adjust, m.Trouble, m.Clients = PodAbsent, false, "", "", nil, ClientsWelcome
	if reason, message, ok := strings.Cut(p.next, ":"); ok {
		p.pod, p.next, m.Trouble = PodPending, "", &Trouble{Reason(reason), message}
	}
}

// clear takes claim, volume and pod away; the StatefulSet makes them anew.
func (l *lab) clear(name etcd.MemberName) {
	m := l.member(name)
	if l.plights[name].stays {
		m.Claim.Deleting = true
		return
	}
	delete(l.disks, name)
	*l.plights[name] = plight{}
	m.Claim, m.Pod, m.Clients, m.Loss, m.Trouble, m.NodeGone = nil, PodAbsent, ClientsWelcome, "", nil, false
}

// entry is the member list's entry of that ID.
func (l *lab) entry(id etcd.MemberID) *etcd.Member {
	list := l.lists[l.seen.Record.ClusterID]
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return &etcd.Member{}
}

// idOf is the ID under which the list counts a pod; zero if it does not.
func (l *lab) idOf(name etcd.MemberName) etcd.MemberID {
	for id, list := range l.lists {
		if recorded := l.seen.Record.ClusterID; recorded != 0 && id != recorded {
			continue
		}
		if m, ok := list.ByPeerURL(peerURL(name)); ok {
			return m.ID
		}
	}
	return 0
}

// renewClaims makes the StatefulSet's claim template what the spec says.
func (l *lab) renewClaims() {
	if l.desired.StorageClass != "" {
		l.class = l.desired.StorageClass
	}
	l.size, l.seen.StaleClaims = l.desired.StorageSize, ""
	l.shelf.set = l.seen.Record.Epoch
}
