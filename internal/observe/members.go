package observe

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// maxOrdinal bounds how many members are looked at, whatever pods and claims
// with our labels somebody may have made.
const maxOrdinal = 31

// members reads pods and claims by label and joins them by ordinal.
func (o *Observer) members(ctx context.Context, c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet, s *Sight) error {
	selector := []client.ListOption{client.InNamespace(c.Namespace), client.MatchingLabels(resource.Selector(c.Name))}
	pods, claims := &corev1.PodList{}, &corev1.PersistentVolumeClaimList{}
	if err := o.Cached.List(ctx, pods, selector...); err != nil {
		return fmt.Errorf("list pods of %s: %w", c.Name, err)
	}
	if err := o.Cached.List(ctx, claims, selector...); err != nil {
		return fmt.Errorf("list claims of %s: %w", c.Name, err)
	}
	s.Pods = map[etcd.MemberName]*corev1.Pod{}
	s.Claims = map[etcd.MemberName]*corev1.PersistentVolumeClaim{}
	formed := 0
	for i := range pods.Items {
		if n, ok := ordinal(pods.Items[i].Name, c.Name+"-"); ok && (live == nil || ownedByUID(&pods.Items[i], live.UID)) {
			s.Pods[memberName(c, n)] = &pods.Items[i]
		}
	}
	for i := range claims.Items {
		if n, ok := ordinal(claims.Items[i].Name, resource.ClaimName(etcd.PodName(c.Name+"-"))); ok {
			s.Claims[memberName(c, n)] = &claims.Items[i]
			if claims.Items[i].Annotations[v1alpha1.AnnotationFormed] != "" {
				formed = max(formed, n+1)
			}
		}
	}
	for n := range memberCount(c, live, formed) {
		s.Observation.Members = append(s.Observation.Members, member(c, live, n, s))
	}
	return nil
}

// memberCount is how many members there are. A formed cluster has those of its
// StatefulSet, and if that is gone those that its claims or its birth remember;
// only a cluster that was never formed has those of the spec.
func memberCount(c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet, formed int) int {
	switch {
	case c.Status.ClusterID != "" && live != nil && live.Spec.Replicas != nil:
		return int(*live.Spec.Replicas)
	case formed > 0:
		return formed
	case c.Status.Birth != nil:
		return len(c.Status.Birth.Members)
	default:
		return int(c.Spec.Replicas)
	}
}

func memberName(c *v1alpha1.EtcdCluster, n int) etcd.MemberName {
	return etcd.MemberName(fmt.Sprintf("%s-%d", c.Name, n))
}

// ordinal reads the number behind a prefix.
func ordinal(name, prefix string) (int, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok || digits == "" || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n >= 0 && n <= maxOrdinal
}

func member(c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet, n int, s *Sight) plan.Member {
	name := memberName(c, n)
	m := plan.Member{Name: name, Pod: plan.PodAbsent, PeerURL: resource.PeerURL(c, etcd.PodName(name))}
	if pod := s.Pods[name]; pod != nil {
		m.Pod = podState(pod)
		m.Ready = m.Pod == plan.PodRunning && podReady(pod)
		m.Outdated = live != nil && outdated(pod, live)
	}
	if claim := s.Claims[name]; claim != nil {
		formed := clusterID(claim.Annotations[v1alpha1.AnnotationFormed])
		m.Claim = &plan.Claim{
			Name:     claim.Name,
			Formed:   formed,
			Marked:   formed != 0 && resource.ClaimOwned(c, claim),
			Deleting: claim.DeletionTimestamp != nil,
		}
	}
	return m
}

func podState(pod *corev1.Pod) plan.PodState {
	switch {
	case pod.DeletionTimestamp != nil:
		return plan.PodTerminating
	case pod.Status.Phase == corev1.PodRunning && memberStarted(pod):
		return plan.PodRunning
	default:
		return plan.PodPending
	}
}

// memberStarted reports whether the member container ever ran in this pod: a
// container that crashed did run, one whose image cannot be pulled did not.
func memberStarted(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == resource.ContainerName {
			return status.State.Running != nil || status.State.Terminated != nil || status.LastTerminationState.Terminated != nil
		}
	}
	return false
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// outdated reports whether a pod follows other inputs than the StatefulSet's
// template: our own hash of them, and the image.
func outdated(pod *corev1.Pod, live *appsv1.StatefulSet) bool {
	template := live.Spec.Template
	if pod.Annotations[resource.AnnotationConfigHash] != template.Annotations[resource.AnnotationConfigHash] {
		return true
	}
	return resource.MemberImageOf(pod.Spec) != resource.MemberImageOf(template.Spec)
}
