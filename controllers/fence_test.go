package controllers

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

func joinOf(f *formed, n int, id etcd.MemberID, volume string) plan.Action {
	return plan.Join{Name: f.name(n), ID: id, VolumeID: volume}
}

// Whoever observed before somebody else wrote does nothing at all: neither to
// Kubernetes nor to etcd nor to an agent.
func TestEveryChangeIsFenced(t *testing.T) {
	t.Parallel()
	f := growing(t)
	id, err := f.etcd.AddLearner(t.Context(), f.peerURL(3))
	if err != nil {
		t.Fatal(err)
	}
	asked := len(f.etcd.Calls())
	names := []etcd.MemberName{"demo-1"}
	for _, action := range []plan.Action{
		plan.AddLearner{Name: "demo-4", PeerURL: f.peerURL(4), VolumeID: "new-demo-4"},
		joinOf(f, 3, id, "new-demo-3"),
		plan.Promote{Name: "demo-3", ID: id},
		plan.MoveLeader{From: "demo-0", FromID: 0xa0, To: "demo-1", ToID: 0xa1},
		plan.RemoveMember{Name: "demo-2", ID: 0xa2},
		plan.Disarm{ID: 0xdead},
		plan.Compact{Revision: 5}, plan.DisarmNoSpace{IDs: []etcd.MemberID{0xa0}}, plan.Defragment{Name: "demo-1", ID: 0xa1},
		plan.Downgrade{To: "3.6"}, plan.CancelDowngrade{To: "3.6"},
		plan.Prepare{Name: "demo-0", To: "3.6"}, plan.EndStep{Name: "demo-0"},
		plan.Withdraw{Members: names}, plan.Welcome{Members: names},
		plan.Clear{Name: "demo-4"},
		plan.DropPod{Name: "demo-4"},
		plan.Resize{From: 5, To: 7},
		plan.RenewClaims{},
		plan.GrowClaims{Claims: []string{"data-demo-0"}, Size: 4 << 30},
		plan.Prune{Objects: []string{"PodDisruptionBudget/demo"}},
		plan.MarkVolumes{ClusterID: clusterID, Claims: []string{"data-demo-0"}},
	} {
		c, sight := f.look()
		other := fresh(t, f.c)
		other.Annotations = map[string]string{"example.com/seen": action.String()}
		update(t, other)
		before := f.writes.Load()
		if err := f.doOn(c, sight, action); !apierrors.IsConflict(err) {
			t.Errorf("%s on a stale view gave %v, want a conflict", action, err)
		}
		if n := f.writes.Load() - before; n > 1 { // the intent that was refused
			t.Errorf("%s on a stale view wrote %d times", action, n)
		}
	}
	if calls := f.etcd.Calls(); len(calls) != asked {
		t.Errorf("of etcd was asked %v", calls)
	}
	if joins := f.agents[3].joined(); len(joins) != 0 {
		t.Errorf("the agent was told %+v", joins)
	}
}

// An operator that is not recorded on the cluster does nothing.
func TestOthersChangeNothing(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, nil)
	c, sight := f.look()
	c.Status.Operator = "other/b"
	f.refusesOn(c, sight, plan.RemoveMember{Name: "demo-2", ID: 0xa2}, "another operator is in charge")
	f.refusesOn(c, sight, plan.Clear{Name: "demo-2"}, "another operator is in charge")
	if err := apiServer.Get(t.Context(), client.ObjectKeyFromObject(f.claim(2)), f.claim(2)); err != nil {
		t.Error(err)
	}
}
