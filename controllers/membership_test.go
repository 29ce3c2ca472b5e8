package controllers

import (
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient/fake"
	"github.com/quorate/quorate/internal/plan"
)

// A learner is added for the very empty volume that waits, one at a time.
func TestAddLearner(t *testing.T) {
	t.Parallel()
	f := growing(t)
	add := func(n int) plan.AddLearner {
		return plan.AddLearner{Name: f.name(n), PeerURL: f.peerURL(n), VolumeID: "new-" + string(f.name(n))}
	}
	other := add(3)
	other.PeerURL = f.peerURL(4)
	f.refuses(other, "the peer URL of demo-3")
	f.refuses(plan.AddLearner{Name: "demo-2", PeerURL: f.peerURL(2), VolumeID: "x"}, "already shows a2")
	for name, change := range map[string]func(*control.Report){
		"another":  func(r *control.Report) { r.Volume.ID = "another" },
		"data":     func(r *control.Report) { r.Volume.Contents = control.ContentsData },
		"admitted": func(r *control.Report) { r.Volume.Admission = &control.Admission{} },
		"starting": func(r *control.Report) { r.State = control.StateStarting },
	} {
		f.agents[3].set(change)
		t.Log(name)
		f.refuses(add(3), "is not the empty one that was seen")
		f.agents[3].set(func(r *control.Report) { *r = waiting("demo-3", "new-demo-3") })
	}
	f.succeeds(add(3))
	f.refuses(add(3), "already shows")
	f.refuses(add(4), "still shows the learner")
}

// An ID is handed to the member that it was added for, before it ever started.
func TestJoin(t *testing.T) {
	t.Parallel()
	f := growing(t)
	f.refuses(joinOf(f, 3, 0xdead, "new-demo-3"), "does not show dead")
	id, err := f.etcd.AddLearner(t.Context(), f.peerURL(3))
	if err != nil {
		t.Fatal(err)
	}
	f.refuses(joinOf(f, 4, id, "new-demo-4"), "not as demo-4")
	f.refuses(joinOf(f, 3, id, "another"), "is not the one that was seen")
	f.agents[3].set(func(r *control.Report) { r.Volume.Contents = control.ContentsData })
	f.refuses(joinOf(f, 3, id, "new-demo-3"), "is not empty any more")
	f.agents[3].set(func(r *control.Report) { r.Volume.Contents = control.ContentsEmpty })
	f.agents[2].set(func(r *control.Report) { *r = waiting("demo-2", "emptied") })
	f.refuses(joinOf(f, 2, 0xa2, "emptied"), "as a voter or as started")
	f.succeeds(joinOf(f, 3, id, "new-demo-3"))
	f.succeeds(joinOf(f, 3, id, "new-demo-3")) // the reply may have been lost
	f.etcd.Start(id, "demo-3", "https://demo-3")
	f.refuses(joinOf(f, 3, id, "new-demo-3"), "as a voter or as started")
}

func TestPromoteAndMoveLeader(t *testing.T) {
	t.Parallel()
	f := growing(t)
	id, err := f.etcd.AddLearner(t.Context(), f.peerURL(3))
	if err != nil {
		t.Fatal(err)
	}
	move := plan.MoveLeader{From: "demo-0", FromID: 0xa0, To: "demo-3", ToID: id}
	f.refuses(move, "no voter that has started")
	f.refuses(plan.Promote{Name: "demo-4", ID: id}, "not as demo-4")
	if err := f.do(plan.Promote{Name: "demo-3", ID: id}); err == nil || f.etcd.Members().Learners() == nil {
		t.Errorf("a learner that never started was promoted: %v", err)
	}
	f.etcd.Start(id, "demo-3", "https://demo-3")
	f.etcd.CatchUp(id)
	f.succeeds(plan.Promote{Name: "demo-3", ID: id})
	if len(f.etcd.Members().Voters()) != 4 {
		t.Errorf("the members are %+v", f.etcd.Members())
	}
	f.succeeds(plan.Promote{Name: "demo-3", ID: id}) // it is one already
	f.succeeds(move)
	if f.etcd.Leader() != id {
		t.Errorf("%s leads", f.etcd.Leader())
	}
	if err := f.do(move); err == nil { // the leader is another one by now
		t.Error("leadership moved from a follower")
	}
}

// An entry is committed by the recorded cluster alone.
func TestNudge(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.succeeds(plan.Nudge{Name: "demo-1"})
	if calls := f.etcd.Calls(); !slices.Contains(calls, "Nudge") {
		t.Errorf("etcd was asked for %v", calls)
	}
	f.etcd = fake.New(clusterID+1, f.etcd.Members()...)
	f.refuses(plan.Nudge{Name: "demo-1"}, "and the recorded one is")
}

// The leader is not removed, nor the last voter, nor somebody else under the name.
func TestRemoveMember(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.refuses(plan.RemoveMember{Name: "demo-1", ID: 0xa2}, "not as demo-1")
	f.refuses(plan.RemoveMember{Name: "demo-0", ID: 0xa0}, "leadership moves first")
	f.succeeds(plan.RemoveMember{Name: "demo-2", ID: 0xa2})
	f.refuses(plan.RemoveMember{Name: "demo-2", ID: 0xa2}, "does not show a2")
	f.succeeds(plan.RemoveMember{Name: "demo-1", ID: 0xa1})
	f.agents[0].set(func(r *control.Report) { r.Etcd.Leader = 0 })
	f.refuses(plan.RemoveMember{Name: "demo-0", ID: 0xa0}, "is the last voter")
}

// An alarm ends when its member is gone, not before.
func TestDisarm(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	f.etcd.SetCorrupt(0xa2)
	f.refuses(plan.Disarm{ID: 0xa2}, "still shows a2")
	if err := f.etcd.Remove(t.Context(), 0xa2); err != nil {
		t.Fatal(err)
	}
	f.succeeds(plan.Disarm{ID: 0xa2})
	if f.etcd.Corrupt(0xa2) {
		t.Error("the alarm is still raised")
	}
}

// Clients are sent elsewhere, since when is noted once, and back again.
func TestWithdrawAndWelcome(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	at := time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC)
	f.Actor.Now = func() time.Time { return at }
	names := []etcd.MemberName{"demo-1", "demo-2", "demo-7"}
	f.succeeds(plan.Withdraw{Members: names})
	at = at.Add(time.Hour)
	f.succeeds(plan.Withdraw{Members: names})
	for n := 1; n < 3; n++ {
		pod := f.pod(n)
		if pod.Labels[v1alpha1.LabelServing] != "false" || pod.Annotations[v1alpha1.AnnotationWithdrawn] != "2026-01-02T03:04:05.6789Z" {
			t.Errorf("%s has %v and %v", pod.Name, pod.Labels, pod.Annotations)
		}
	}
	f.succeeds(plan.Welcome{Members: names})
	pod := f.pod(2)
	if _, noted := pod.Annotations[v1alpha1.AnnotationWithdrawn]; noted || pod.Labels[v1alpha1.LabelServing] != "true" {
		t.Errorf("%s has %v and %v", pod.Name, pod.Labels, pod.Annotations)
	}
	if f.pod(0).Labels[v1alpha1.LabelServing] != "true" {
		t.Error("demo-0 was withdrawn too")
	}
}
