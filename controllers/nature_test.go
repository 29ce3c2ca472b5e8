package controllers

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	builders "github.com/quorate/quorate/internal/resource"
)

// nature is what happens by itself around a cluster: the StatefulSet
// controller, the kubelets, the volumes and the members in the pods.
type nature struct {
	*formed
	// volumes keep what lies on them, by the UID of their claim; homes are the
	// agents of pods, by the pod's UID.
	volumes map[types.UID]control.Report
	homes   map[types.UID]home
	clock   time.Time
	// onJoin stands between the operator and the agents.
	onJoin func(admit func()) error
}

type home struct {
	agent *agent
	claim types.UID
}

func newNature(f *formed) *nature {
	n := &nature{formed: f, volumes: map[types.UID]control.Report{}, homes: map[types.UID]home{}, clock: time.Now()}
	for i, a := range f.agents {
		n.homes[f.pod(i).UID] = home{a, f.claim(i).UID}
	}
	return n
}

// step lets everything that is due happen, and reports whether anything was.
func (n *nature) step() bool {
	n.t.Helper()
	n.clock = n.clock.Add(time.Second)
	set := &appsv1.StatefulSet{}
	get(n.t, client.ObjectKeyFromObject(n.c), set)
	replicas := int(*set.Spec.Replicas)
	changed := n.endPods(replicas)
	changed = n.endClaims() || changed
	changed = n.startPods(replicas) || changed
	return n.live() || changed
}

func (n *nature) listed() (pods corev1.PodList, claims corev1.PersistentVolumeClaimList) {
	n.t.Helper()
	of := []client.ListOption{client.InNamespace(n.c.Namespace), client.MatchingLabels(builders.Selector("demo"))}
	if err := errors.Join(apiServer.List(n.t.Context(), &pods, of...), apiServer.List(n.t.Context(), &claims, of...)); err != nil {
		n.t.Fatal(err)
	}
	return pods, claims
}

func ordinal(name string) int {
	i, _ := strconv.Atoi(name[strings.LastIndex(name, "-")+1:])
	return i
}

// endPods ends the pods that are deleted or beyond the size. What their member
// had stays on its volume.
func (n *nature) endPods(replicas int) (changed bool) {
	pods, _ := n.listed()
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil && ordinal(pod.Name) < replicas {
			continue
		}
		if err := apiServer.Delete(n.t.Context(), &pod, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			n.t.Fatal(err)
		}
		was := n.homes[pod.UID]
		delete(n.homes, pod.UID)
		report := was.agent.stop()
		n.volumes[was.claim] = report
		if a := report.Volume.Admission; a != nil {
			n.etcd.SetDown(a.MemberID, true)
		}
		changed = true
	}
	return changed
}

// endClaims ends the claims that are deleted and that no pod uses.
func (n *nature) endClaims() (changed bool) {
	pods, claims := n.listed()
	used := map[int]bool{}
	for _, pod := range pods.Items {
		used[ordinal(pod.Name)] = true
	}
	for _, claim := range claims.Items {
		if claim.DeletionTimestamp != nil && !used[ordinal(claim.Name)] {
			claim.Finalizers = nil
			update(n.t, &claim)
			changed = true
		}
	}
	return changed
}

// startPods makes the pods that are missing, each on the volume of its claim
// or on a new, empty one.
func (n *nature) startPods(replicas int) (changed bool) {
	pods, claims := n.listed()
	present, volume := map[int]bool{}, map[int]*corev1.PersistentVolumeClaim{}
	for _, pod := range pods.Items {
		present[ordinal(pod.Name)] = true
	}
	for _, claim := range claims.Items {
		volume[ordinal(claim.Name)] = &claim
	}
	for i := range replicas {
		claim := volume[i]
		if present[i] || claim != nil && claim.DeletionTimestamp != nil {
			continue
		}
		if claim == nil {
			claim = n.addClaim(i, nil)
			n.volumes[claim.UID] = waiting(n.name(i), string(claim.UID))
		}
		report := n.volumes[claim.UID]
		pod := n.addPod(i, report)
		a := n.agents[len(n.agents)-1]
		a.onJoin = func(r control.JoinRequest) error {
			return n.onJoin(func() { n.join(a, n.name(i), r) })
		}
		n.homes[pod.UID] = home{a, claim.UID}
		if admission := report.Volume.Admission; admission != nil {
			n.etcd.SetDown(admission.MemberID, false)
		}
		changed = true
	}
	return changed
}

// join is what an agent does with an admission: it starts, and catches up.
func (n *nature) join(a *agent, name etcd.MemberName, r control.JoinRequest) {
	a.set(func(report *control.Report) {
		if report.Volume.ID == r.VolumeID && report.Volume.Admission == nil {
			id := report.Volume.ID
			*report = running(name, r.MemberID)
			report.Volume.ID = id
		}
	})
	n.etcd.Start(r.MemberID, name, "https://"+string(name))
	n.etcd.CatchUp(r.MemberID)
}

// live lets members hear of what their cluster has become.
func (n *nature) live() (changed bool) {
	n.t.Helper()
	members, leader := n.etcd.Members(), n.etcd.Leader()
	pods, _ := n.listed()
	for _, pod := range pods.Items {
		ready := false
		n.homes[pod.UID].agent.set(func(r *control.Report) {
			if r.Etcd == nil {
				return
			}
			m, counted := members.ByID(r.Etcd.MemberID)
			if !counted {
				r.State, r.Etcd, r.Message, changed = control.StateRemoved, nil, "The cluster has removed this member.", true
				return
			}
			ready = !m.IsLearner && leader != 0
			changed = changed || r.Etcd.Leader != leader || r.Etcd.Ready != ready
			r.Etcd.Leader, r.Etcd.IsLearner, r.Etcd.Ready = leader, m.IsLearner, ready
		})
		if pod.Status.Conditions[0].Status != condition(ready) {
			pod.Status.Conditions[0].Status = condition(ready)
			if err := apiServer.Status().Update(n.t.Context(), &pod); err != nil {
				n.t.Fatal(err)
			}
			changed = true
		}
	}
	return changed
}

// state is what a run ends in, for comparison with others.
func (n *nature) state() string {
	n.t.Helper()
	var b strings.Builder
	pods, claims := n.listed()
	c := fresh(n.t, n.c)
	fmt.Fprintf(&b, "quorum %s, leader %q, joining %t\n", c.Status.Quorum, c.Status.Leader, c.Status.Joining != nil)
	for _, m := range c.Status.Members {
		fmt.Fprintf(&b, "member %s %s ready %t\n", m.Name, m.Role, m.Ready)
	}
	for _, pod := range pods.Items {
		fmt.Fprintf(&b, "pod %s serving %s\n", pod.Name, pod.Labels["etcd.quorate.dev/serving"])
	}
	for _, claim := range claims.Items {
		id := etcd.MemberID(0)
		_ = id.UnmarshalText([]byte(claim.Annotations["etcd.quorate.dev/member"]))
		_, counted := n.etcd.Members().ByID(id)
		fmt.Fprintf(&b, "claim %s of %s counted %t\n", claim.Name, claim.Annotations["etcd.quorate.dev/formed"], counted)
	}
	for _, cond := range c.Status.Conditions {
		fmt.Fprintf(&b, "%s %s %s\n", cond.Type, cond.Status, cond.Reason)
	}
	return b.String()
}
