package fake

import (
	"context"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
)

// When says on which side of a call a fault lies.
type When string

const (
	// Before: the call never reaches the cluster.
	Before When = "before"
	// After: the cluster did it and the reply is lost.
	After When = "after"
)

type fault struct {
	call string
	when When
	err  error
}

// Fail makes the next call of that name ("AddLearner") fail with err.
func (c *Cluster) Fail(call string, when When, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fault{call, when, err})
}

// Calls returns every change that was asked for, in order, with its arguments.
// Questions are left out.
func (c *Cluster) Calls() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// call does one call, or fails it as the test wants, or for want of a quorum.
func (c *Cluster) call(what string, do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	name, _, _ := strings.Cut(what, " ")
	if name != "MemberList" {
		c.calls = append(c.calls, what)
	}
	planned := fault{}
	if i := slices.IndexFunc(c.faults, func(f fault) bool { return f.call == name }); i >= 0 {
		planned = c.faults[i]
		c.faults = slices.Delete(c.faults, i, i+1)
	}
	if planned.when == Before {
		return planned.err
	}
	if !c.quorate() {
		return context.DeadlineExceeded
	}
	if err := do(); err != nil {
		return err
	}
	return planned.err
}

// Members returns the member list, quorum or not.
func (c *Cluster) Members() etcd.Members {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.members)
}

// Leader returns who leads; zero when nobody does.
func (c *Cluster) Leader() etcd.MemberID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leader
}

// SetDown stops or restarts a member.
func (c *Cluster) SetDown(id etcd.MemberID, down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down[id] = down
	if c.leader == 0 || c.leader == id && down {
		c.elect()
	}
}

// SetFresh says that a member has not been connected for five seconds yet, or
// that it has.
func (c *Cluster) SetFresh(id etcd.MemberID, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh[id] = fresh
}

// Start lets an added member publish its name. It is still behind.
func (c *Cluster) Start(id etcd.MemberID, name etcd.MemberName, clientURL string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.index(id); i >= 0 {
		c.members[i].Name, c.members[i].ClientURLs = name, []string{clientURL}
		c.down[id] = false
	}
}

// CatchUp lets a learner have all of the leader's log.
func (c *Cluster) CatchUp(id etcd.MemberID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.behind, id)
}

// SetCorrupt raises the CORRUPT alarm of a member.
func (c *Cluster) SetCorrupt(id etcd.MemberID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corrupt[id] = true
}

// Corrupt reports whether the CORRUPT alarm of a member is raised.
func (c *Cluster) Corrupt(id etcd.MemberID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.corrupt[id]
}
