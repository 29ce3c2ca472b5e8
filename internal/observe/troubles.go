package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
)

// patience is how long a pod or claim may take before its Events are read for
// a cause: a birth in good order costs no request.
const patience = 3 * time.Second

// troubles finds out why members do not come up, as far as Kubernetes says.
func (o *Observer) troubles(ctx context.Context, live *appsv1.StatefulSet, s *Sight) error {
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		if m.Agent != nil {
			continue
		}
		trouble, err := o.trouble(ctx, live, s, m)
		if err != nil {
			return err
		}
		m.Trouble = trouble
	}
	return nil
}

func (o *Observer) trouble(ctx context.Context, live *appsv1.StatefulSet, s *Sight, m *plan.Member) (*plan.Trouble, error) {
	pod, claim := s.Pods[m.Name], s.Claims[m.Name]
	switch {
	case pod == nil && !expected(live, m):
		return nil, nil
	case pod == nil:
		if o.Now().Sub(live.CreationTimestamp.Time) < patience {
			return nil, nil
		}
		return o.absentPod(ctx, live, m)
	case claim != nil && claim.Status.Phase == corev1.ClaimPending:
		return o.pendingClaim(ctx, claim, pod)
	case pod.DeletionTimestamp != nil:
		return nil, nil
	default:
		return o.pendingPod(ctx, pod)
	}
}

// expected reports whether the StatefulSet is to run a pod for the member.
func expected(live *appsv1.StatefulSet, m *plan.Member) bool {
	if live == nil || live.DeletionTimestamp != nil {
		return false
	}
	n, ok := ordinal(string(m.Name), live.Name+"-")
	return ok && n < replicasOf(live)
}

// absentPod says why the StatefulSet controller could not make the pod.
func (o *Observer) absentPod(ctx context.Context, live *appsv1.StatefulSet, m *plan.Member) (*plan.Trouble, error) {
	message, err := o.warning(ctx, live, "StatefulSet", func(e corev1.Event) bool {
		return e.Reason == "FailedCreate" && (strings.Contains(e.Message, string(m.Name)) || live.Status.Replicas == 0)
	})
	if err != nil || message == "" {
		return nil, err
	}
	reason := plan.ReasonPodRejected
	step := "Mend what it names; the pod is made as soon as it can be."
	if strings.Contains(message, "exceeded quota") {
		reason, step = plan.ReasonQuotaExceeded, "Raise the namespace's ResourceQuota or ask for less in spec.podTemplate.resources and spec.storage.size."
	}
	return &plan.Trouble{Reason: reason, Message: fmt.Sprintf("its pod cannot be created: %s. %s", strings.TrimSuffix(message, "."), step)}, nil
}

// pendingClaim says why a claim does not bind. While its pod is not scheduled
// a claim that waits for its first consumer is in good order.
func (o *Observer) pendingClaim(ctx context.Context, claim *corev1.PersistentVolumeClaim, pod *corev1.Pod) (*plan.Trouble, error) {
	if o.Now().Sub(claim.CreationTimestamp.Time) < patience {
		return nil, nil
	}
	class := claim.Spec.StorageClassName
	if class == nil || *class == "" {
		return &plan.Trouble{Reason: plan.ReasonNoStorageClass, Message: fmt.Sprintf("its claim %s names no StorageClass and there is no default one. Mark a StorageClass as default, or delete the EtcdCluster and its claims and set spec.storage.storageClassName", claim.Name)}, nil
	}
	found, err := o.getLive(ctx, *class, &storagev1.StorageClass{})
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, err
	}
	if err == nil && !found {
		return &plan.Trouble{Reason: plan.ReasonNoStorageClass, Message: fmt.Sprintf("its claim %s wants the StorageClass %q, which does not exist. Create it, or delete the EtcdCluster and its claims and name another in spec.storage.storageClassName", claim.Name, *class)}, nil
	}
	message, err := o.warning(ctx, claim, "PersistentVolumeClaim", func(e corev1.Event) bool { return e.Type == corev1.EventTypeWarning })
	if err != nil {
		return nil, err
	}
	if message != "" {
		return &plan.Trouble{Reason: plan.ReasonVolumePending, Message: fmt.Sprintf("its claim %s does not bind: %s. See to the provisioner of StorageClass %q", claim.Name, strings.TrimSuffix(message, "."), *class)}, nil
	}
	scheduler := unschedulable(pod)
	switch {
	case scheduler == "" && pod.Spec.NodeName == "":
		return nil, nil
	case scheduler != "" && !aboutVolumes(scheduler):
		return unscheduled(pod), nil
	case scheduler == "":
		scheduler = "nothing says why"
	}
	return &plan.Trouble{Reason: plan.ReasonVolumePending, Message: fmt.Sprintf("its claim %s does not bind: %s. See whether the provisioner of StorageClass %q runs, or make a volume that fits", claim.Name, strings.TrimSuffix(scheduler, "."), *class)}, nil
}

// aboutVolumes reports whether the scheduler waits for a volume: no further
// node would help.
func aboutVolumes(message string) bool {
	return strings.Contains(message, "unbound immediate PersistentVolumeClaims") || strings.Contains(message, "available persistent volumes to bind")
}

// pendingPod says why a pod does not run: no node, no image, no mount, or a
// container that ends again and again.
func (o *Observer) pendingPod(ctx context.Context, pod *corev1.Pod) (*plan.Trouble, error) {
	if trouble := unscheduled(pod); trouble != nil {
		return trouble, nil
	}
	if trouble := stuckContainer(pod); trouble != nil {
		return trouble, nil
	}
	if pod.Spec.NodeName == "" {
		return nil, nil
	}
	if trouble, err := o.lostNode(ctx, pod); trouble != nil || err != nil {
		return trouble, err
	}
	if memberStarted(pod) || o.Now().Sub(pod.CreationTimestamp.Time) < patience {
		return nil, nil
	}
	message, err := o.warning(ctx, pod, "Pod", func(e corev1.Event) bool {
		return e.Reason == "FailedMount" || e.Reason == "FailedAttachVolume" || e.Reason == "FailedCreatePodSandBox"
	})
	if err != nil || message == "" {
		return nil, err
	}
	return &plan.Trouble{Reason: plan.ReasonMountFailed, Message: "its pod cannot start: " + strings.TrimSuffix(message, ".")}, nil
}

func unscheduled(pod *corev1.Pod) *plan.Trouble {
	message := unschedulable(pod)
	if message == "" {
		return nil
	}
	return &plan.Trouble{Reason: plan.ReasonUnschedulable, Message: fmt.Sprintf("no node takes its pod: %s Add a node, free one, or relax spec.podTemplate (members stand on different nodes by default)", message)}
}

// unschedulable is the scheduler's word on a pod that no node takes.
func unschedulable(pod *corev1.Pod) string {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable {
			return c.Message
		}
	}
	return ""
}

// stuckContainer reads the kubelet's word on the member container.
func stuckContainer(pod *corev1.Pod) *plan.Trouble {
	for _, status := range pod.Status.ContainerStatuses {
		waiting := status.State.Waiting
		if waiting == nil {
			continue
		}
		switch waiting.Reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
			return &plan.Trouble{Reason: plan.ReasonImage, Message: fmt.Sprintf("its image %s cannot be pulled. Check that spec.version exists, load the image into the nodes or make the registry reachable (spec.podTemplate.imagePullSecrets)", status.Image)}
		case "CrashLoopBackOff":
			return &plan.Trouble{Reason: plan.ReasonPodCrashing, Message: fmt.Sprintf("its container ends again and again%s. Read `kubectl logs --previous %s`", exit(status), pod.Name)}
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return &plan.Trouble{Reason: plan.ReasonPodCrashing, Message: "its container cannot be created: " + waiting.Message}
		}
	}
	return nil
}

func exit(status corev1.ContainerStatus) string {
	last := status.LastTerminationState.Terminated
	if last == nil {
		return ""
	}
	return fmt.Sprintf(" (exit code %d)", last.ExitCode)
}

// lostNode says that the pod's node is not ready, or gone. That alone proves
// nothing about the member's data.
func (o *Observer) lostNode(ctx context.Context, pod *corev1.Pod) (*plan.Trouble, error) {
	node := &corev1.Node{}
	found, err := o.getLive(ctx, pod.Spec.NodeName, node)
	if apierrors.IsForbidden(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !found {
		return &plan.Trouble{Reason: plan.ReasonNodeLost, Message: fmt.Sprintf("its node %s does not exist any more", pod.Spec.NodeName)}, nil
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			return &plan.Trouble{Reason: plan.ReasonNodeLost, Message: fmt.Sprintf("its node %s is not ready. Bring the node back or, if it never comes back, delete it or taint it node.kubernetes.io/out-of-service; until then nothing is known of the member, and nothing is taken from it", node.Name)}, nil
		}
	}
	return nil, nil
}

// getLive reads a cluster-scoped object from the API server: no informer is
// started for what is rarely asked.
func (o *Observer) getLive(ctx context.Context, name string, into client.Object) (bool, error) {
	err := o.Live.Get(ctx, client.ObjectKey{Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s: %w", into, name, err)
	}
	return true, nil
}

// warning returns the newest matching Event's message on an object, live.
func (o *Observer) warning(ctx context.Context, on client.Object, kind string, match func(corev1.Event) bool) (string, error) {
	events := &corev1.EventList{}
	err := o.Live.List(ctx, events, client.InNamespace(on.GetNamespace()), client.Limit(200),
		client.MatchingFields{"involvedObject.kind": kind, "involvedObject.name": on.GetName()})
	if apierrors.IsForbidden(err) {
		return "", nil // a cause that cannot be read is no reason to stop
	}
	if err != nil {
		return "", fmt.Errorf("list events of %s %s: %w", kind, on.GetName(), err)
	}
	matching := slices.DeleteFunc(events.Items, func(e corev1.Event) bool {
		return e.InvolvedObject.UID != on.GetUID() || !match(e)
	})
	if len(matching) == 0 {
		return "", nil
	}
	newest := slices.MaxFunc(matching, func(a, b corev1.Event) int { return seen(a).Compare(seen(b)) })
	return newest.Message, nil
}

// seen is when an Event was last seen; the newer API leaves the old field out.
func seen(e corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	default:
		return e.EventTime.Time
	}
}
