package observe

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cordons finds the members whose node takes no new pods: a drain may follow.
func (o *Observer) cordons(ctx context.Context, s *Sight) error {
	if o.Cordoned == nil {
		return nil
	}
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		pod := s.Pods[m.Name]
		if pod == nil || pod.Spec.NodeName == "" {
			continue
		}
		node := &corev1.Node{}
		err := o.Cordoned.Get(ctx, client.ObjectKey{Name: pod.Spec.NodeName}, node)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read node %s: %w", pod.Spec.NodeName, err)
		}
		m.Cordoned = err == nil && node.Spec.Unschedulable
	}
	return nil
}
