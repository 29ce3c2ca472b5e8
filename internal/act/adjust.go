package act

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// adjust changes resources first, then labels and annotations, among them the
// one that says what the pod has: cut short in between, it is done again. Where
// the API server refuses the resources the pod is told so, and restarts for them.
func (a *Actor) adjust(ctx context.Context, s *Situation, action plan.Adjust) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil || pod == nil {
		return err
	}
	next := resource.Adjusted
	if err := a.resizePod(ctx, pod, resource.Resources(s.Cluster.Spec)); refusesResize(err) {
		next = func(pod *corev1.Pod, spec v1alpha1.EtcdClusterSpec) *corev1.Pod {
			return resource.ResizeRefused(pod, spec, err.Error())
		}
	} else if err != nil {
		return err
	}
	patch := client.MergeFromWithOptions(pod, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, next(pod, s.Cluster.Spec), patch, client.FieldOwner(FieldManager)); client.IgnoreNotFound(err) != nil {
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

// refusesResize reports whether the API server will never give a pod what was
// asked for: not a right that we lack.
func refusesResize(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "cannot patch resource")
}

func holds(have, want corev1.ResourceList) bool {
	for name, amount := range want {
		if !equality.Semantic.DeepEqual(have[name], amount) {
			return false
		}
	}
	return true
}
