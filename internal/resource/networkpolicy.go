package resource

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// OperatorPodLabels are the labels of the operator's pods, which config/ sets: a test
// there holds them to it, as a policy that is enforced would lock the operator
// out.
func OperatorPodLabels() map[string]string {
	return map[string]string{labelName: valueQuorate, labelComponent: "operator"}
}

// NetworkPolicy builds who may reach which port of the members: peers among
// themselves, the control port from the operator and whoever brings a snapshot,
// clients and metrics from anywhere. What members send is not restricted.
func NetworkPolicy(in Inputs) *networkingv1.NetworkPolicy {
	members := networkingv1.NetworkPolicyPeer{PodSelector: labelSelector(in.Cluster.Name)}
	operator := networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{
			corev1.LabelMetadataName: in.OperatorNamespace,
		}},
		PodSelector: &metav1.LabelSelector{MatchLabels: OperatorPodLabels()},
	}
	controllers := []networkingv1.NetworkPolicyPeer{operator}
	if Restores(in.Cluster) {
		controllers = append(controllers, networkingv1.NetworkPolicyPeer{
			PodSelector: &metav1.LabelSelector{MatchLabels: restoreSelector(in.Cluster.Name)},
		})
	}
	return seal(&networkingv1.NetworkPolicy{
		TypeMeta:   typeMeta("networking.k8s.io/v1", "NetworkPolicy"),
		ObjectMeta: meta(in, in.Cluster.Name),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: *labelSelector(in.Cluster.Name),
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				allow(PortPeer, members),
				allow(PortClient),
				allow(PortMetrics),
				allow(PortControl, controllers...),
			},
		},
	})
}

// allow lets these peers in on a port; none means anyone.
func allow(port int32, from ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicyIngressRule {
	return networkingv1.NetworkPolicyIngressRule{
		From:  from,
		Ports: []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(port))}},
	}
}
