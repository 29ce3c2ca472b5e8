package observe

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
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
	for i := range pods.Items {
		if n, ok := ordinal(pods.Items[i].Name, c.Name+"-"); ok && accepted(&pods.Items[i], live) {
			s.Pods[memberName(c, n)] = &pods.Items[i]
		}
	}
	for i := range claims.Items {
		if n, ok := ordinal(claims.Items[i].Name, resource.ClaimName(resource.Epoch(c), etcd.PodName(c.Name+"-"))); ok {
			s.Claims[memberName(c, n)] = &claims.Items[i]
		} else {
			s.former(c, &claims.Items[i], o.Now())
		}
	}
	s.Observation.Pods = plan.NoStatefulSet
	if live != nil {
		s.Observation.Pods = replicasOf(live)
		s.Observation.StaleEpoch = !resource.OfEpoch(c, live)
	}
	if err := o.unlabelledClaims(ctx, c, s); err != nil {
		return err
	}
	for n := range memberCount(c, s) {
		s.Observation.Members = append(s.Observation.Members, member(c, live, n, s))
	}
	return nil
}

// unlabelledClaims reads by name the claims that the list by label does not
// show: a pod uses its claim whatever labels that bears, so a claim counts as
// gone only when there is none of its name.
func (o *Observer) unlabelledClaims(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	for n := range memberCount(c, s) {
		name := memberName(c, n)
		if s.Claims[name] != nil {
			continue
		}
		claim := &corev1.PersistentVolumeClaim{}
		key := client.ObjectKey{Namespace: c.Namespace, Name: resource.ClaimName(resource.Epoch(c), etcd.PodName(name))}
		found, err := o.get(ctx, key, claim)
		if err != nil {
			return err
		}
		if found {
			s.Claims[name] = claim
		}
	}
	return nil
}

// accepted reports whether a pod is one of the live StatefulSet's, or of none
// while it is made anew around its running pods.
func accepted(pod *corev1.Pod, live *appsv1.StatefulSet) bool {
	return live == nil || metav1.GetControllerOf(pod) == nil || ownedByUID(pod, live.UID)
}

func replicasOf(set *appsv1.StatefulSet) int { return int(ptr.Deref(set.Spec.Replicas, 1)) }

// memberCount is how many ordinals exist or shall exist: those of the
// StatefulSet, of the birth, of any pod or claim and, unless the cluster was
// born with another size and is not formed yet, of the spec.
func memberCount(c *v1alpha1.EtcdCluster, s *Sight) int {
	count := max(0, s.Observation.Pods)
	if birth := c.Status.Birth; birth != nil {
		for _, m := range birth.Members {
			count = max(count, after(m.Name, c.Name+"-"))
		}
	}
	if c.Status.Birth == nil || c.Status.ClusterID != "" {
		count = max(count, int(c.Spec.Replicas))
	}
	for name := range s.Pods {
		count = max(count, after(string(name), c.Name+"-"))
	}
	for name := range s.Claims {
		count = max(count, after(string(name), c.Name+"-"))
	}
	return count
}

// after is the number of ordinals up to that of a name.
func after(name, prefix string) int {
	n, ok := ordinal(name, prefix)
	if !ok {
		return 0
	}
	return n + 1
}

// addListed adds the members that only the member list knows.
func (s *Sight) addListed(c *v1alpha1.EtcdCluster) {
	for n := len(s.Observation.Members); n < listed(c, s.Observation.Etcd.Members); n++ {
		m := member(c, nil, n, s)
		m.AgentError = noAddress
		s.Observation.Members = append(s.Observation.Members, m)
	}
}

// listed is the number of ordinals up to the last whose peer URL the member
// list shows.
func listed(c *v1alpha1.EtcdCluster, list etcd.Members) int {
	for n := maxOrdinal; n >= 0; n-- {
		if _, ok := list.ByPeerURL(resource.PeerURL(c, resource.PodName(c.Name, n))); ok {
			return n + 1
		}
	}
	return 0
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
