// Package fake is an etcd cluster without etcd, for tests: it keeps a member
// list, refuses what etcd would refuse, with etcd's own errors, and fails calls
// where a test wants them to fail.
package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
)

// Cluster is one cluster. It implements etcdclient.Changer.
type Cluster struct {
	mu      sync.Mutex
	id      etcd.ClusterID
	members etcd.Members
	leader  etcd.MemberID
	next    etcd.MemberID
	down    map[etcd.MemberID]bool
	// fresh members have not been connected for five seconds.
	fresh   map[etcd.MemberID]bool
	behind  map[etcd.MemberID]bool
	corrupt map[etcd.MemberID]bool
	lowers  string // the line of a downgrade
	hash    etcdclient.HashKV
	faults  []fault
	calls   []string
}

var _ etcdclient.Changer = (*Cluster)(nil)

// New returns a cluster of voters that have long been connected. The first one
// leads. IDs are given where a member has none.
func New(id etcd.ClusterID, members ...etcd.Member) *Cluster {
	c := &Cluster{
		id: id, next: 0x1000,
		down: map[etcd.MemberID]bool{}, fresh: map[etcd.MemberID]bool{}, behind: map[etcd.MemberID]bool{}, corrupt: map[etcd.MemberID]bool{},
	}
	for _, m := range members {
		if m.ID == 0 {
			m.ID = c.mint()
		}
		c.members = append(c.members, m)
	}
	c.elect()
	return c
}

// mint returns an ID that no member ever had.
func (c *Cluster) mint() etcd.MemberID {
	c.next++
	return c.next
}

// MemberList implements etcdclient.Changer.
func (c *Cluster) MemberList(context.Context) (list etcdclient.MemberList, err error) {
	err = c.call("MemberList", func() error {
		list = etcdclient.MemberList{ClusterID: c.id, Members: slices.Clone(c.members)}
		return nil
	})
	return list, err
}

// AddLearner implements etcdclient.Changer.
func (c *Cluster) AddLearner(_ context.Context, peerURL string) (id etcd.MemberID, err error) {
	err = c.call("AddLearner "+peerURL, func() error {
		voters := c.members.Voters()
		switch _, exists := c.members.ByPeerURL(peerURL); {
		case exists:
			return rpctypes.ErrPeerURLExist
		case len(c.members.Learners()) > 0:
			return rpctypes.ErrTooManyLearners
		case len(voters) > 1 && c.connected() < etcd.Quorum(len(voters)+1):
			return rpctypes.ErrUnhealthy
		}
		id = c.mint()
		c.members = append(c.members, etcd.Member{ID: id, PeerURLs: []string{peerURL}, IsLearner: true})
		c.behind[id], c.down[id] = true, true
		return nil
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// Promote implements etcdclient.Changer.
func (c *Cluster) Promote(_ context.Context, id etcd.MemberID) error {
	return c.call("Promote "+id.String(), func() error {
		i := c.index(id)
		switch {
		case i < 0:
			return rpctypes.ErrMemberNotFound
		case !c.members[i].IsLearner:
			return rpctypes.ErrMemberNotLearner
		case c.behind[id] || c.down[id]:
			return rpctypes.ErrMemberLearnerNotReady
		}
		c.members[i].IsLearner = false
		return nil
	})
}

// Remove implements etcdclient.Changer.
func (c *Cluster) Remove(_ context.Context, id etcd.MemberID) error {
	return c.call("Remove "+id.String(), func() error {
		i := c.index(id)
		if i < 0 {
			return rpctypes.ErrMemberNotFound
		}
		if !c.members[i].IsLearner {
			voters := c.members.Voters()
			rest := len(voters) - 1
			started := 0
			for _, v := range voters {
				if v.ID != id && v.Started() {
					started++
				}
			}
			switch {
			case started < etcd.Quorum(rest):
				return rpctypes.ErrMemberNotEnoughStarted
			case !c.down[id] && c.connected()-1 < etcd.Quorum(rest):
				return rpctypes.ErrUnhealthy
			}
		}
		c.members = slices.Delete(c.members, i, i+1)
		if c.leader == id {
			c.elect()
		}
		return nil
	})
}

// MoveLeader implements etcdclient.Changer.
func (c *Cluster) MoveLeader(_ context.Context, from, to etcd.MemberID) error {
	return c.call(fmt.Sprintf("MoveLeader %s %s", from, to), func() error {
		i := c.index(to)
		switch {
		case c.leader != from:
			return rpctypes.ErrNotLeader
		case i < 0 || c.members[i].IsLearner:
			return rpctypes.ErrBadLeaderTransferee
		case c.down[to]:
			return context.DeadlineExceeded
		}
		c.leader = to
		return nil
	})
}

// Nudge implements etcdclient.Changer.
func (c *Cluster) Nudge(context.Context) error {
	return c.call("Nudge", func() error {
		if !c.quorate() {
			return rpctypes.ErrTimeout
		}
		return nil
	})
}

// Disarm implements etcdclient.Changer.
func (c *Cluster) Disarm(_ context.Context, id etcd.MemberID) error {
	return c.call("Disarm "+id.String(), func() error {
		delete(c.corrupt, id)
		return nil
	})
}

// connected counts the voters that are up and have been for long.
func (c *Cluster) connected() int {
	n := 0
	for _, m := range c.members.Voters() {
		if !c.down[m.ID] && !c.fresh[m.ID] {
			n++
		}
	}
	return n
}

func (c *Cluster) index(id etcd.MemberID) int {
	return slices.IndexFunc(c.members, func(m etcd.Member) bool { return m.ID == id })
}

// elect makes the first voter that is up the leader, if there is a quorum.
func (c *Cluster) elect() {
	c.leader = 0
	if !c.quorate() {
		return
	}
	for _, m := range c.members.Voters() {
		if !c.down[m.ID] {
			c.leader = m.ID
			return
		}
	}
}

func (c *Cluster) quorate() bool {
	up := 0
	for _, m := range c.members.Voters() {
		if !c.down[m.ID] {
			up++
		}
	}
	return etcd.HasQuorum(up, len(c.members.Voters()))
}
