package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/act"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcdclient/fake"
)

// growing is a cluster of three that is to have five, with the pods there and
// their volumes empty. The operator starts one at a time; here both are there.
func growing(t *testing.T) *formed {
	t.Helper()
	f := newFormed(t, 3, nil)
	f.scale(5)
	set := &appsv1.StatefulSet{}
	for range 5 {
		f.reconcile(t, f.c)
		if get(t, client.ObjectKeyFromObject(f.c), set); *set.Spec.Replicas == 4 {
			break
		}
	}
	if *set.Spec.Replicas != 4 {
		t.Fatalf("the StatefulSet runs %d pods: %+v", *set.Spec.Replicas, fresh(t, f.c).Status)
	}
	set.Spec.Replicas = ptr.To[int32](5)
	if err := apiServer.Update(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	f.reconcile(t, f.c) // what was applied is applied again, for that number
	for n := 3; n < 5; n++ {
		f.addClaim(n, nil)
		f.addPod(n, waiting(f.name(n), "new-"+string(f.name(n))))
	}
	return f
}

// What etcd refuses only for now is under way: no failure, no person is asked
// for, the cause is told, and it is tried again soon.
func TestNotYetIsNoFailure(t *testing.T) {
	t.Parallel()
	f := growing(t)
	for _, m := range f.etcd.Members() {
		f.etcd.SetFresh(m.ID, true)
	}
	for range 3 {
		result, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(f.c)})
		if err != nil || result.RequeueAfter != notYetPause {
			t.Fatalf("got %+v, %v", result, err)
		}
	}
	c := fresh(t, f.c)
	conditions := c.Status.Conditions
	if meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled) || !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionProgressing) {
		t.Errorf("the conditions are %+v", conditions)
	}
	if message := meta.FindStatusCondition(conditions, v1alpha1.ConditionProgressing).Message; !strings.Contains(message, "unhealthy cluster") {
		t.Errorf("the message is %q", message)
	}
	for _, m := range f.etcd.Members() {
		f.etcd.SetFresh(m.ID, false)
	}
	f.reconcile(t, f.c)
	if _, ok := f.etcd.Members().ByPeerURL(f.peerURL(3)); !ok {
		t.Errorf("after %v the members are %+v", f.etcd.Calls(), f.etcd.Members())
	}
}

// A lost reply is looked for in the member list: the learner that it added
// joins, and no second one is added.
func TestLostReplyOfAdd(t *testing.T) {
	t.Parallel()
	f := growing(t)
	f.etcd.Fail("AddLearner", fake.After, context.DeadlineExceeded)
	f.reconcile(t, f.c)
	m, ok := f.etcd.Members().ByPeerURL(f.peerURL(3))
	if !ok {
		t.Fatal("nothing was added: the test shows nothing")
	}
	f.another().reconcile(t, f.c) // the operator that lost the reply may be dead
	if calls := f.etcd.Calls(); len(calls) != 1 {
		t.Errorf("of etcd was asked %v", calls)
	}
	joins := f.agents[3].joined()
	if len(joins) != 1 || joins[0].MemberID != m.ID || joins[0].ClusterID != clusterID || joins[0].VolumeID != "new-demo-3" || len(joins[0].Members) != 4 {
		t.Fatalf("the agent was told %+v", joins)
	}
	for _, p := range joins[0].Members {
		if p.Name == "" || p.PeerURL == "" {
			t.Errorf("the agent was told of %+v", p)
		}
	}
	if j := fresh(t, f.c).Status.Joining; j == nil || j.ID != m.ID.String() || j.VolumeID != "new-demo-3" || j.Name != "demo-3" {
		t.Errorf("recorded is %+v", j)
	}
}

// Which volume gets the ID is recorded before the agent hears of it, and no
// other volume ever gets it.
func TestJoiningIsRecordedFirst(t *testing.T) {
	t.Parallel()
	f := growing(t)
	f.reconcile(t, f.c) // adds
	m, _ := f.etcd.Members().ByPeerURL(f.peerURL(3))
	var recorded *v1alpha1.Joining
	f.agents[3].onJoin = func(control.JoinRequest) error {
		recorded = fresh(t, f.c).Status.Joining
		return errors.New("the disk is full")
	}
	_, err := f.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(f.c)})
	if err == nil || errors.Is(err, act.ErrNotYet) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a refusal of the agent gave %v", err)
	}
	if recorded == nil || recorded.ID != m.ID.String() {
		t.Errorf("when the agent heard, %+v was recorded", recorded)
	}
	f.agents[3].set(func(r *control.Report) { r.Volume.ID = "emptied-again" })
	f.refuses(joinOf(f, 3, m.ID, "emptied-again"), "was given to volume new-demo-3")
}
