package observe

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
)

func endpoints(service string, conditions discoveryv1.EndpointConditions, ref *corev1.ObjectReference, address string) client.Object {
	slice := owned(&discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Name: service + "-x"}}, "")
	slice.Labels[discoveryv1.LabelServiceName] = service
	slice.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{address}, Conditions: conditions, TargetRef: ref}}
	return slice
}

func TestClients(t *testing.T) {
	no, yes := ptr.To(false), ptr.To(true)
	ready := discoveryv1.EndpointConditions{Ready: yes, Serving: yes}
	ref := func(uid types.UID) *corev1.ObjectReference { return &corev1.ObjectReference{Kind: "Pod", UID: uid} }
	withdrawn := func(ago time.Duration) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Labels[v1alpha1.LabelServing], p.Status.PodIP = "false", "10.0.0.1"
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationWithdrawn, now.Add(-ago).Format(time.RFC3339Nano))
		}
	}
	long := withdrawn(time.Minute)
	for _, tc := range []struct {
		name    string
		pod     *corev1.Pod
		objects []client.Object
		want    plan.Clients
	}{
		{"no pod", nil, nil, plan.ClientsGone},
		{"in the Service", pod("demo-0", "set"), nil, plan.ClientsWelcome},
		{"just withdrawn", pod("demo-0", "set", withdrawn(499*time.Millisecond)), nil, plan.ClientsLeaving},
		{"withdrawn", pod("demo-0", "set", withdrawn(501*time.Millisecond)), nil, plan.ClientsGone},
		{"withdrawn by somebody else", pod("demo-0", "set", func(p *corev1.Pod) { delete(p.Labels, v1alpha1.LabelServing) }), nil, plan.ClientsGone},
		{"still listed", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", ready, ref("uid-demo-0"), "10.0.0.1")}, plan.ClientsLeaving},
		{"listed by its address", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", ready, nil, "10.0.0.1")}, plan.ClientsLeaving},
		{"listed, serves while it ends", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", discoveryv1.EndpointConditions{Ready: no, Serving: yes, Terminating: yes}, ref("uid-demo-0"), "10.0.0.1")}, plan.ClientsLeaving},
		{"listed, nothing is said of it", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", discoveryv1.EndpointConditions{}, ref("uid-demo-0"), "10.0.0.1")}, plan.ClientsLeaving},
		{"listed and neither ready nor serving", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", discoveryv1.EndpointConditions{Ready: no, Serving: no}, ref("uid-demo-0"), "10.0.0.1")}, plan.ClientsGone},
		{"another pod has its address", pod("demo-0", "set", long), []client.Object{endpoints("demo-client", ready, ref("uid-demo-1"), "10.0.0.1")}, plan.ClientsGone},
		{"listed for its peers", pod("demo-0", "set", long), []client.Object{endpoints("demo-peers", ready, ref("uid-demo-0"), "10.0.0.1")}, plan.ClientsGone},
	} {
		s := missed(tc.pod, nil)
		if err := observer(nil, tc.objects...).clients(t.Context(), cluster(), s); err != nil {
			t.Fatal(err)
		}
		if got := s.Observation.Members[0].Clients; got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Clients that came before the withdrawal stay until the member has told them,
// for this very withdrawal; one that does not serve has none.
func TestConnectedClients(t *testing.T) {
	at := now.Add(-time.Minute).Format(time.RFC3339Nano)
	withdrawn := pod("demo-0", "set", func(p *corev1.Pod) {
		p.Labels[v1alpha1.LabelServing] = "false"
		metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationWithdrawn, at)
	})
	for _, tc := range []struct {
		name  string
		agent *control.Report
		want  plan.Clients
	}{
		{"it has told nobody", &control.Report{State: control.StateRunning, Etcd: &control.Etcd{Drained: ptr.To("")}}, plan.ClientsConnected},
		{"it told them another time", &control.Report{State: control.StateRunning, Etcd: &control.Etcd{Drained: ptr.To("once")}}, plan.ClientsConnected},
		{"it has told them", &control.Report{State: control.StateRunning, Etcd: &control.Etcd{Drained: ptr.To(at)}}, plan.ClientsGone},
		{"it does not run", &control.Report{State: control.StateStarting, Etcd: &control.Etcd{Drained: ptr.To("")}}, plan.ClientsGone},
		{"it cannot tell them", &control.Report{State: control.StateRunning, Etcd: &control.Etcd{}}, plan.ClientsGone},
		{"it is not reached", nil, plan.ClientsGone},
	} {
		s := missed(withdrawn, nil)
		s.Observation.Members[0].Agent = tc.agent
		if err := observer(nil).clients(t.Context(), cluster(), s); err != nil {
			t.Fatal(err)
		}
		if got := s.Observation.Members[0].Clients; got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// While every member serves, the endpoints are not read.
func TestClientsAtRestCostNothing(t *testing.T) {
	s := missed(pod("demo-0", "set"), nil)
	if err := observer([]string{"EndpointSlice"}).clients(t.Context(), cluster(), s); err != nil {
		t.Error(err)
	}
}
