package resource

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// PeersServiceObject builds the headless Service of the peers. It publishes
// members that are not ready: a cluster forms, and finds back together, among
// members of which none is.
func PeersServiceObject(in Inputs) *corev1.Service {
	return seal(&corev1.Service{
		TypeMeta:   typeMeta("v1", "Service"),
		ObjectMeta: meta(in, PeersService(in.Cluster.Name)),
		Spec: corev1.ServiceSpec{
			Type:                     corev1.ServiceTypeClusterIP,
			ClusterIP:                corev1.ClusterIPNone,
			IPFamilyPolicy:           ptr.To(corev1.IPFamilyPolicyPreferDualStack),
			PublishNotReadyAddresses: true,
			Selector:                 Selector(in.Cluster.Name),
			Ports: []corev1.ServicePort{
				servicePort(portNamePeer, PortPeer), servicePort(portNameClient, PortClient),
				servicePort(portNameMetrics, PortMetrics), servicePort(portNameControl, PortControl),
			},
		},
	})
}

// ClientServiceObject builds the Service for clients: members that are ready
// and that nobody is about to restart.
func ClientServiceObject(in Inputs) *corev1.Service {
	return seal(&corev1.Service{
		TypeMeta:   typeMeta("v1", "Service"),
		ObjectMeta: meta(in, ClientService(in.Cluster.Name)),
		Spec: corev1.ServiceSpec{
			Type:           corev1.ServiceTypeClusterIP,
			IPFamilyPolicy: ptr.To(corev1.IPFamilyPolicyPreferDualStack),
			Selector:       servingSelector(in.Cluster.Name),
			Ports:          []corev1.ServicePort{servicePort(portNameClient, PortClient)},
		},
	})
}

func servicePort(name string, port int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: port, TargetPort: intstr.FromInt32(port), Protocol: corev1.ProtocolTCP}
}
