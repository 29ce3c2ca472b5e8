package act

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// adjust changes resources first, then labels and annotations, among them the
// one that says what the pod has: cut short in between, it is done again.
func (a *Actor) adjust(ctx context.Context, s *Situation, action plan.Adjust) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil || pod == nil {
		return err
	}
	if err := a.resizePod(ctx, pod, resource.Resources(s.Cluster.Spec)); err != nil {
		return err
	}
	next := resource.Adjusted(pod, s.Cluster.Spec)
	patch := client.MergeFromWithOptions(pod, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, next, patch, client.FieldOwner(FieldManager)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("label pod %s: %w", pod.Name, err)
	}
	return nil
}

// resizePod changes the resources of the member's container, and notes the pod's
// new version in it.
func (a *Actor) resizePod(ctx context.Context, pod *corev1.Pod, want corev1.ResourceRequirements) error {
	for _, c := range pod.Spec.Containers {
		if c.Name == resource.ContainerName && holds(c.Resources.Requests, want.Requests) && holds(c.Resources.Limits, want.Limits) {
			return nil
		}
	}
	type container struct {
		Name      string                      `json:"name"`
		Resources corev1.ResourceRequirements `json:"resources"`
	}
	type spec struct {
		Containers []container `json:"containers"`
	}
	patch, err := json.Marshal(map[string]spec{"spec": {[]container{{resource.ContainerName, want}}}})
	if err != nil {
		return fmt.Errorf("encode resources: %w", err)
	}
	err = a.Client.SubResource("resize").Patch(ctx, pod, client.RawPatch(types.StrategicMergePatchType, patch), client.FieldOwner(FieldManager))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("resize pod %s: %w", pod.Name, err)
	}
	return nil
}

func holds(have, want corev1.ResourceList) bool {
	for name, amount := range want {
		if !equality.Semantic.DeepEqual(have[name], amount) {
			return false
		}
	}
	return true
}
