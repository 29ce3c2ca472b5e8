package controllers

import (
	"context"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcdclient/fake"
	"github.com/quorate/quorate/internal/plan"
)

// A member that runs is told to prepare for another release line, and that the
// step is over.
func TestPrepareForAnotherLine(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.succeeds(plan.Prepare{Name: "demo-1", To: "3.6"})
	if _, sight := f.look(); sight.Observation.Members[1].Agent.Step == nil || sight.Observation.Members[1].Agent.Step.To != "3.6" || sight.Observation.Members[0].Agent.Step != nil {
		t.Errorf("the agents report %+v and %+v", sight.Observation.Members[0].Agent.Step, sight.Observation.Members[1].Agent.Step)
	}
	f.succeeds(plan.EndStep{Name: "demo-1"})
	if _, sight := f.look(); sight.Observation.Members[1].Agent.Step != nil {
		t.Errorf("the agent still reports %+v", sight.Observation.Members[1].Agent.Step)
	}
	f.agents[2].set(func(r *control.Report) { r.Etcd = nil })
	f.refuses(plan.Prepare{Name: "demo-2", To: "3.6"}, "does not run etcd")
}

// etcd is told to go back a line by a cluster that answers as the recorded one.
func TestDowngradeAndCancel(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	for range 2 {
		f.succeeds(plan.Downgrade{To: "3.6"})
		if line := f.etcd.Lowers(); line != "3.6" {
			t.Errorf("the cluster goes to %q", line)
		}
	}
	c, sight := f.look()
	f.etcd.Fail("MemberList", fake.Before, context.DeadlineExceeded)
	f.refusesOn(c, sight, plan.CancelDowngrade{To: "3.6"}, "not yet")
	f.succeeds(plan.CancelDowngrade{To: "3.6"})
	if line := f.etcd.Lowers(); line != "" {
		t.Errorf("the cluster still goes to %q", line)
	}
}
