package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
)

// dropPod deletes a pod by force, once a live read says that its node does not
// exist: nobody is left to stop it.
func (a *Actor) dropPod(ctx context.Context, s *Situation, action plan.DropPod) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil || pod == nil {
		return err
	}
	if pod.Spec.NodeName == "" {
		return fmt.Errorf("pod %s was never on a node", pod.Name)
	}
	exists, err := a.found(ctx, client.ObjectKey{Name: pod.Spec.NodeName}, &corev1.Node{})
	if err != nil {
		return err
	}
	if exists {
		return fmt.Errorf("node %s exists", pod.Spec.NodeName)
	}
	return a.exactly(ctx, pod, client.GracePeriodSeconds(0))
}
