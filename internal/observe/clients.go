package observe

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// leave is how long clients may take to hear that a member left the Service,
// after its endpoint is gone: each node's proxy programs it by itself.
const leave = 500 * time.Millisecond

// clients finds out to which members clients are still sent. The endpoints
// are read only where a member has left the Service.
func (o *Observer) clients(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	var slices *discoveryv1.EndpointSliceList
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		pod := s.Pods[m.Name]
		if pod == nil {
			m.Clients = plan.ClientsGone
			continue
		}
		if resource.Serving(pod) {
			m.Clients = plan.ClientsWelcome
			continue
		}
		if slices == nil {
			slices = &discoveryv1.EndpointSliceList{}
			if err := o.Cached.List(ctx, slices, client.InNamespace(c.Namespace), client.MatchingLabels{
				discoveryv1.LabelServiceName: resource.ClientService(c.Name), resource.ManagedByLabel: resource.ManagedByValue,
			}); err != nil {
				return fmt.Errorf("list the endpoints of %s: %w", c.Name, err)
			}
		}
		switch {
		case listedEndpoint(slices, pod) || o.withdrawnJustNow(pod):
			m.Clients = plan.ClientsLeaving
		case connected(m, pod):
			m.Clients = plan.ClientsConnected
		default:
			m.Clients = plan.ClientsGone
		}
	}
	return nil
}

// listedEndpoint reports whether clients are sent to a pod: its endpoint is
// ready, or serves while it ends.
func listedEndpoint(slices *discoveryv1.EndpointSliceList, pod *corev1.Pod) bool {
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			if ofPod(e, pod) && (ptr.Deref(e.Conditions.Ready, true) || ptr.Deref(e.Conditions.Serving, true)) {
				return true
			}
		}
	}
	return false
}

func ofPod(e discoveryv1.Endpoint, pod *corev1.Pod) bool {
	if e.TargetRef != nil && e.TargetRef.UID != "" {
		return e.TargetRef.UID == pod.UID
	}
	for _, address := range e.Addresses {
		if address == pod.Status.PodIP {
			return true
		}
	}
	return false
}

// connected reports whether clients may have stayed since the pod was withdrawn:
// its member serves, and has not told them to go for this withdrawal. An agent of
// an earlier release cannot tell them.
func connected(m *plan.Member, pod *corev1.Pod) bool {
	if m.Agent == nil || m.Agent.State != control.StateRunning || m.Agent.Etcd == nil || m.Agent.Etcd.Drained == nil {
		return false
	}
	return *m.Agent.Etcd.Drained != pod.Annotations[v1alpha1.AnnotationWithdrawn]
}

func (o *Observer) withdrawnJustNow(pod *corev1.Pod) bool {
	at, err := time.Parse(time.RFC3339Nano, pod.Annotations[v1alpha1.AnnotationWithdrawn])
	return err == nil && o.Now().Sub(at) < leave
}
