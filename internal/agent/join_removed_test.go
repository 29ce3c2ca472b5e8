package agent

import (
	"net/http"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
)

// learner adds a learner, that does not run yet, to a formed cluster of one.
func learner(t *testing.T, change func(*Config)) (voter, p *pod, req control.JoinRequest) {
	t.Helper()
	pods := newCluster(t, 1, change)
	form(t, pods)
	p = newMember(t, pods, change)
	return pods[0], p, addLearner(t, pods, p)
}

func remove(t *testing.T, voter *pod, req control.JoinRequest) {
	t.Helper()
	_, err := voter.etcd().MemberRemove(t.Context(), uint64(req.MemberID))
	must(t, err)
}

func TestLearnerRemoved(t *testing.T) {
	t.Parallel()
	type course func(t *testing.T, voter, p *pod, req control.JoinRequest)
	for name, run := range map[string]course{
		"while it runs": func(t *testing.T, voter, p *pod, req control.JoinRequest) {
			_, err := p.join(req)
			must(t, err)
			waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
			remove(t, voter, req)
		},
		"while it is down": func(t *testing.T, voter, p *pod, req control.JoinRequest) {
			_, err := p.join(req)
			must(t, err)
			waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
			must(t, p.stop())
			remove(t, voter, req)
			p.start()
		},
		"before it started": func(t *testing.T, voter, p *pod, req control.JoinRequest) {
			remove(t, voter, req)
			_, err := p.join(req)
			must(t, err)
		},
		"before it heard of anybody": func(t *testing.T, voter, p *pod, req control.JoinRequest) {
			must(t, voter.stop())
			_, err := p.join(req)
			must(t, err)
			waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
			must(t, p.stop())
			voter.start()
			waitFor(t, "the voter", voter.ready)
			remove(t, voter, req)
			p.start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			voter, p, req := learner(t, func(*Config) {})
			p.start()
			run(t, voter, p, req)
			checkRemoved(t, p)
			_, err := p.join(req)
			refusedWith(t, err, "removed")
		})
	}
}

// The operator's word ends a member at once, though its cluster counts it: who
// is told otherwise would serve on. Nobody but that very member heeds it.
func TestLeave(t *testing.T) {
	t.Parallel()
	_, p, req := learner(t, func(*Config) {})
	p.start()
	leave := control.LeaveRequest{ClusterID: req.ClusterID, MemberID: req.MemberID}
	_, err := p.control().Leave(t.Context(), leave)
	refusedWith(t, err, "never admitted")
	_, err = p.join(req)
	must(t, err)
	waitFor(t, "etcd to run", func() bool { return p.report().State == control.StateRunning })
	_, err = p.control().Leave(t.Context(), control.LeaveRequest{ClusterID: req.ClusterID, MemberID: req.MemberID + 1})
	refusedWith(t, err, "This is member")
	if r := p.report(); r.State != control.StateRunning {
		t.Fatalf("another member's removal ended it: %+v", r)
	}
	for range 2 { // idempotent
		r, err := p.control().Leave(t.Context(), leave)
		must(t, err)
		if r.State != control.StateRemoved {
			t.Errorf("it answers %+v", r)
		}
	}
	checkRemoved(t, p)
	must(t, p.stop())
	p.start()
	checkRemoved(t, p)
}

// Only a member that has applied the removal says so; whatever else a peer
// answers, or that it does not answer, proves nothing.
func TestOnlyAnAppliedRemovalIsBelieved(t *testing.T) {
	t.Parallel()
	voter, p, req := learner(t, plain)
	admission := p.record(req, false)
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	ask := func(want bool, who string, change func(*control.Admission)) {
		t.Helper()
		a := admission
		change(&a)
		if gone, err := saysGone(client, voter.config.PeerURL, a); err != nil || gone != want {
			t.Errorf("%s: got %t, %v", who, gone, err)
		}
	}
	asIs := func(*control.Admission) {}
	ask(false, "a member", asIs)
	ask(false, "one never heard of", func(a *control.Admission) { a.MemberID++ })
	remove(t, voter, req)
	ask(true, "a removed member", asIs)
	ask(false, "its namesake in another cluster", func(a *control.Admission) { a.ClusterID++ })
	must(t, voter.stop())
	if gone, err := saysGone(client, voter.config.PeerURL, admission); err == nil || gone {
		t.Errorf("a peer that is down: got %t, %v", gone, err)
	}
}
