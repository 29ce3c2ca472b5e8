package controllers

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/etcdclient/fake"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
	builders "github.com/quorate/quorate/internal/resource"
)

const clusterID etcd.ClusterID = 0xc1

// formed is a cluster that lives: its objects are real, its agents answer as
// such, and its etcd is a fake.
type formed struct {
	t *testing.T
	*operator
	c      *v1alpha1.EtcdCluster
	etcd   *fake.Cluster
	agents []*agent
}

// newFormed makes a cluster of that many voters, of which the first leads, and
// lets an operator settle on it.
func newFormed(t *testing.T, replicas int, change func(*v1alpha1.EtcdCluster)) *formed {
	t.Helper()
	c := newCluster(t, func(c *v1alpha1.EtcdCluster) {
		c.Spec.Replicas = int32(replicas)
		if change != nil {
			change(c)
		}
	})
	f := &formed{t: t, operator: newOperator("system/a"), c: c}
	f.Observer.Etcd = f.pool()
	f.settle(t, c)
	var members etcd.Members
	for n := range replicas {
		members = append(members, etcd.Member{
			ID: etcd.MemberID(0xa0 + n), Name: f.name(n), PeerURLs: []string{f.peerURL(n)}, ClientURLs: []string{"https://" + string(f.name(n))},
		})
	}
	f.etcd = fake.New(clusterID, members...)
	for n, m := range members {
		f.addClaim(n, map[string]string{v1alpha1.AnnotationFormed: clusterID.String(), v1alpha1.AnnotationMember: m.ID.String()})
		f.addPod(n, running(f.name(n), m.ID))
	}
	f.c = f.settle(t, c)
	if !meta.IsStatusConditionTrue(f.c.Status.Conditions, v1alpha1.ConditionReady) {
		t.Fatalf("the cluster is not Ready: %+v", f.c.Status)
	}
	return f
}

// pool reaches the fake, once there is one.
func (f *formed) pool() *etcdclient.Pool {
	return etcdclient.PoolOf(func(string, etcdclient.Target) (etcdclient.Changer, error) { return f.etcd, nil })
}

// another is another process of the same operator.
func (f *formed) another() *operator {
	o := newOperator("system/a")
	o.Observer.Etcd = f.pool()
	return o
}

func (f *formed) name(n int) etcd.MemberName { return etcd.MemberName(builders.PodName("demo", n)) }

func (f *formed) peerURL(n int) string { return builders.PeerURL(f.c, builders.PodName("demo", n)) }

// running is the report of a member that serves.
func running(name etcd.MemberName, id etcd.MemberID) control.Report {
	return control.Report{
		Member: name, State: control.StateRunning, Binary: "3.7.3",
		Volume: control.Volume{ID: "volume-of-" + id.String(), Contents: control.ContentsData, Admission: &control.Admission{ClusterID: clusterID, MemberID: id, Formed: true}},
		Etcd:   &control.Etcd{ClusterID: clusterID, MemberID: id, Leader: 0xa0, Term: 2, Index: 10, AppliedIndex: 10, Revision: 5, Version: "3.7.0", Ready: true},
	}
}

// waiting is the report of an empty volume.
func waiting(name etcd.MemberName, volume string) control.Report {
	return control.Report{Member: name, State: control.StateWaiting, Binary: "3.7.3", Volume: control.Volume{ID: volume, Contents: control.ContentsEmpty}}
}

// addPod makes the pod of an ordinal as the StatefulSet controller does, and
// its agent.
func (f *formed) addPod(n int, report control.Report) *corev1.Pod {
	f.t.Helper()
	set := &appsv1.StatefulSet{}
	get(f.t, client.ObjectKeyFromObject(f.c), set)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: f.c.Namespace, Name: string(f.name(n)), Labels: set.Spec.Template.Labels, Annotations: set.Spec.Template.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))},
		},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	pod.Spec.NodeName = fmt.Sprintf("node-%s-%d", f.c.Namespace, n)
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: builders.ClaimTemplate(1), VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if err := apiServer.Create(f.t.Context(), pod); err != nil {
		f.t.Fatal(err)
	}
	a := newAgent(f.t, f.c.Namespace, report)
	f.agents = append(f.agents, a)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: a.address, PodIPs: []corev1.PodIP{{IP: a.address}},
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: condition(report.State == control.StateRunning)}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: builders.ContainerName, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}},
	}
	if err := apiServer.Status().Update(f.t.Context(), pod); err != nil {
		f.t.Fatal(err)
	}
	return pod
}

func condition(is bool) corev1.ConditionStatus {
	if is {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

// addClaim makes the claim of an ordinal as the StatefulSet controller does.
func (f *formed) addClaim(n int, annotations map[string]string) *corev1.PersistentVolumeClaim {
	f.t.Helper()
	set := &appsv1.StatefulSet{}
	get(f.t, client.ObjectKeyFromObject(f.c), set)
	template := set.Spec.VolumeClaimTemplates[0]
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.c.Namespace, Name: builders.ClaimName(1, builders.PodName("demo", n)), Labels: template.Labels, Annotations: annotations},
		Spec:       template.Spec,
	}
	if err := apiServer.Create(f.t.Context(), claim); err != nil {
		f.t.Fatal(err)
	}
	return claim
}

func (f *formed) claim(n int) *corev1.PersistentVolumeClaim {
	f.t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	get(f.t, client.ObjectKey{Namespace: f.c.Namespace, Name: builders.ClaimName(1, builders.PodName("demo", n))}, claim)
	return claim
}

func (f *formed) pod(n int) *corev1.Pod {
	f.t.Helper()
	pod := &corev1.Pod{}
	get(f.t, client.ObjectKey{Namespace: f.c.Namespace, Name: string(f.name(n))}, pod)
	return pod
}

// look observes through an operator, as a reconcile does.
func (f *formed) look() (*v1alpha1.EtcdCluster, *observe.Sight) {
	f.t.Helper()
	c := fresh(f.t, f.c)
	sight, err := f.Observer.Observe(f.t.Context(), c)
	if err != nil {
		f.t.Fatal(err)
	}
	return c, sight
}

// do observes and performs an action that nobody decided.
func (f *formed) do(action plan.Action) error {
	f.t.Helper()
	c, sight := f.look()
	return f.doOn(c, sight, action)
}

// doOn performs an action on what was observed earlier.
func (f *formed) doOn(c *v1alpha1.EtcdCluster, sight *observe.Sight, action plan.Action) error {
	f.t.Helper()
	return f.act(f.t.Context(), c, sight, plan.Decision{Outcome: plan.OutcomeAct, Action: action, Reason: "Test", Message: "A test."})
}

// refuses fails the test unless the action fails, for that reason, without a
// change to etcd.
func (f *formed) refuses(action plan.Action, reason string) {
	f.t.Helper()
	c, sight := f.look()
	f.refusesOn(c, sight, action, reason)
}

func (f *formed) refusesOn(c *v1alpha1.EtcdCluster, sight *observe.Sight, action plan.Action, reason string) {
	f.t.Helper()
	before := len(f.etcd.Calls())
	if err := f.doOn(c, sight, action); err == nil || !strings.Contains(err.Error(), reason) {
		f.t.Errorf("%s gave %v, want %q", action, err, reason)
	}
	if calls := f.etcd.Calls(); len(calls) != before {
		f.t.Errorf("%s was refused after %v", action, calls[before:])
	}
}

// succeeds fails the test unless the action is done.
func (f *formed) succeeds(action plan.Action) {
	f.t.Helper()
	if err := f.do(action); err != nil {
		f.t.Fatal(err)
	}
}
