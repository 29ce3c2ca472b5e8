package controllers

import (
	"slices"
	"testing"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// A member is defragmented that is the one that was seen, and does not lead.
func TestDefragment(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.refuses(plan.Defragment{Name: "demo-0", ID: 0xa0}, "demo-0 leads")
	f.refuses(plan.Defragment{Name: "demo-1", ID: 0xa2}, "demo-1")
	f.agents[1].set(func(r *control.Report) {
		e := *r.Etcd
		e.MemberID = 0xaf
		r.Etcd = &e
	})
	f.refuses(plan.Defragment{Name: "demo-1", ID: 0xa1}, "does not run as a1")
	f.succeeds(plan.Defragment{Name: "demo-2", ID: 0xa2})
	_, sight := f.look()
	for i, m := range sight.Observation.Members {
		if m.Agent.Etcd.Defragmenting != (i == 2) {
			t.Errorf("%s copies its database: %t", m.Name, m.Agent.Etcd.Defragmenting)
		}
	}
}

// etcd is told to drop history, and that there is space again.
func TestCompactAndDisarm(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.succeeds(plan.Compact{Revision: 5})
	f.succeeds(plan.DisarmNoSpace{IDs: []etcd.MemberID{0xa0, 0xa2}})
	calls := f.etcd.Calls()
	for _, want := range []string{"Compact 5", "DisarmNoSpace a0", "DisarmNoSpace a2"} {
		if !slices.Contains(calls, want) {
			t.Errorf("of etcd was asked %v, want %s", calls, want)
		}
	}
}
