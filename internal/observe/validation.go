package observe

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// refusedCode is how a member's image ends that does not accept its settings.
const refusedCode = 1

// validation finds the pod that validates what is wanted, and those that nobody
// waits for any more.
func (o *Observer) validation(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	pods := &corev1.PodList{}
	if err := o.Cached.List(ctx, pods, client.InNamespace(c.Namespace), client.MatchingLabels(resource.ValidatorSelector(c.Name))); err != nil {
		return fmt.Errorf("list the validating pods of %s: %w", c.Name, err)
	}
	t := &s.Observation.Template
	for i := range pods.Items {
		pod := &pods.Items[i]
		if !ownedBy(pod, c) || pod.DeletionTimestamp != nil {
			continue
		}
		state, message := verdict(pod)
		if t.Changes == "" || pod.Name != resource.ValidatorName(c.Name, t.Wanted) || state == "" {
			s.Observation.Objects = append(s.Observation.Objects, plan.Object{Kind: "Pod", Name: pod.Name, State: plan.ObjectSurplus})
			continue
		}
		t.Validation, t.Verdict = state, message
		if state == plan.ValidationRuns {
			t.Trouble = held(pod)
		}
	}
	return nil
}

// verdict is what a validating pod has found; empty when it ended without any.
func verdict(pod *corev1.Pod) (plan.Validation, string) {
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		return plan.ValidationPassed, ""
	case corev1.PodFailed:
		for _, status := range pod.Status.ContainerStatuses {
			if end := status.State.Terminated; end != nil && end.ExitCode == refusedCode {
				message := strings.TrimSpace(end.Message)
				return plan.ValidationFailed, strings.TrimPrefix(message[strings.LastIndexByte(message, '\n')+1:], "member: ")
			}
		}
		return "", ""
	default:
		return plan.ValidationRuns, ""
	}
}

// held says why a validating pod does not run.
func held(pod *corev1.Pod) *plan.Trouble {
	if trouble := unscheduled(pod); trouble != nil {
		return trouble
	}
	return stuckContainer(pod)
}
