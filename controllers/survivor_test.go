package controllers

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

func (a *agent) halt(w http.ResponseWriter, r *http.Request) {
	var request control.HaltRequest
	_ = json.NewDecoder(r.Body).Decode(&request)
	a.set(func(r *control.Report) {
		r.State, r.Etcd, r.Log = control.StateHalted, nil, &control.LogPosition{Term: 2, Index: 10}
		r.Volume.Halted = request.Grant
	})
	a.answer(w)
}

func (a *agent) survive(w http.ResponseWriter, r *http.Request) {
	var request control.SurviveRequest
	_ = json.NewDecoder(r.Body).Decode(&request)
	a.set(func(r *control.Report) { r.Volume.Survived = request.Grant })
	a.answer(w)
}

// newLost is a cluster of three of which two members are silent, and an EtcdRestore.
func newLost(t *testing.T) (*formed, *v1alpha1.EtcdRestore) {
	t.Helper()
	f := newFormed(t, 3, nil)
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: "back"}}
	r.Spec = v1alpha1.EtcdRestoreSpec{ClusterName: "demo", Source: v1alpha1.RestoreFromSurvivor}
	if err := apiServer.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return f, r
}

// quorumEnds leaves the first member alone.
func (f *formed) quorumEnds() {
	for n := 1; n < 3; n++ {
		f.etcd.SetDown(etcd.MemberID(0xa0+n), true)
	}
	f.agents[0].set(func(r *control.Report) {
		e := *r.Etcd
		e.Leader, e.Ready = 0, false
		r.Etcd, r.Listed = &e, f.etcd.Members()
	})
}

// While a quorum answers nobody is halted, given up or made to survive, whatever was
// decided; and without the record of the restore neither.
func TestNoSurvivorWithQuorum(t *testing.T) {
	t.Parallel()
	f, r := newLost(t)
	grant := string(r.UID)
	halt, giveUp := plan.Halt{Members: []etcd.MemberName{"demo-0"}, Grant: grant}, plan.GiveUp{Name: "demo-1"}
	survive := plan.Survive{Name: "demo-0", ID: 0xa0, Grant: grant, Log: control.LogPosition{Term: 2, Index: 10}}
	for _, action := range []plan.Action{halt, survive} {
		f.refuses(action, "no such restore")
	}
	f.refuses(giveUp, "no restore from a survivor")
	f.succeeds(plan.BeginRestore{Name: "back", UID: grant, Epoch: 1})
	for _, action := range []plan.Action{halt, giveUp, survive} {
		f.refuses(action, "a quorum of cluster")
	}
	f.untouched(1)
	if got := fresh(t, f.c).Status.Restore; got.Source != v1alpha1.RestoreFromSurvivor || got.Survivor != "" {
		t.Errorf("recorded: %+v", got)
	}
	f.succeeds(plan.ForgetRestore{Name: "back"})
	if got := fresh(t, f.c).Status.Restore; got != nil {
		t.Errorf("it is remembered: %+v", got)
	}
	f.refuses(plan.AskForSurvivor{}, "is not Survivor")
}

// Each step checks anew what it rests on, and who survives is recorded before it hears
// of it.
func TestSurvivorSteps(t *testing.T) {
	t.Parallel()
	f, r := newLost(t)
	f.quorumEnds()
	grant := string(r.UID)
	f.succeeds(plan.BeginRestore{Name: "back", UID: grant, Epoch: 1})
	survive := plan.Survive{Name: "demo-0", ID: 0xa0, Grant: grant, Log: control.LogPosition{Term: 2, Index: 10}}
	f.refuses(survive, "is not halted where it was seen")
	f.succeeds(plan.Halt{Members: []etcd.MemberName{"demo-0"}, Grant: grant})

	f.refuses(plan.GiveUp{Name: "demo-1"}, "answers and holds data")
	f.untouched(1)
	f.agents[1].stop()
	claim := f.claim(1)
	claim.Annotations[v1alpha1.AnnotationFormed] = "c2"
	update(t, claim)
	f.refuses(plan.GiveUp{Name: "demo-1"}, "belongs to cluster c2")
	f.untouched(1)
	claim.Annotations[v1alpha1.AnnotationFormed] = clusterID.String()
	update(t, claim)
	f.succeeds(plan.GiveUp{Name: "demo-1"})
	if err := apiServer.Get(t.Context(), client.ObjectKeyFromObject(claim), claim); err == nil && claim.DeletionTimestamp == nil {
		t.Error("the claim stays")
	}
	pod := &corev1.Pod{}
	if err := apiServer.Get(t.Context(), client.ObjectKey{Namespace: f.c.Namespace, Name: "demo-1"}, pod); err == nil && pod.DeletionTimestamp == nil {
		t.Error("the pod stays")
	}
	f.untouched(2)

	elsewhere := survive
	elsewhere.Log.Index--
	f.refuses(elsewhere, "is not halted where it was seen")
	another := survive
	another.ID++
	f.refuses(another, "is not member")
	if got := fresh(t, f.c).Status.Restore.Survivor; got != "" {
		t.Errorf("%s is recorded", got)
	}
	f.succeeds(survive)
	if got := fresh(t, f.c).Status.Restore.Survivor; got != "a0" {
		t.Errorf("%q is recorded", got)
	}
	if _, sight := f.look(); sight.Observation.Record.Restore.Chosen != 0xa0 {
		t.Errorf("it is read as %+v", sight.Observation.Record.Restore)
	}
}

// The EtcdRestore that the policy makes is one for each loss of quorum.
func TestAskForSurvivor(t *testing.T) {
	t.Parallel()
	f := newFormed(t, 3, func(c *v1alpha1.EtcdCluster) { c.Spec.QuorumLoss = v1alpha1.QuorumLossSurvivor })
	f.quorumEnds()
	f.succeeds(plan.AskForSurvivor{})
	f.succeeds(plan.AskForSurvivor{})
	list := &v1alpha1.EtcdRestoreList{}
	if err := apiServer.List(t.Context(), list, client.InNamespace(f.c.Namespace)); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || !metav1.IsControlledBy(&list.Items[0], f.c) || list.Items[0].Spec.Source != v1alpha1.RestoreFromSurvivor || !strings.HasPrefix(list.Items[0].Name, "demo-survivor-") {
		t.Errorf("made: %+v", list.Items)
	}
}
