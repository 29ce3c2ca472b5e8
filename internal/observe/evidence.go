package observe

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
)

// evidence looks for proof that the data of members that do not answer is
// gone: their volume was deleted, or is pinned to nodes of which none comes
// back. All of it is read from the API server itself. A cluster at rest, and
// one without a member to lose, cost no request; a node that is not ready, or
// a time that passes, proves nothing.
func (o *Observer) evidence(ctx context.Context, s *Sight) error {
	if !s.Observation.Remembers() || s.Desired.Hibernated {
		return nil
	}
	for i := range s.Observation.Members {
		m := &s.Observation.Members[i]
		if m.Agent != nil {
			continue
		}
		if err := o.evidenceOn(ctx, s, m); err != nil {
			return err
		}
	}
	return nil
}

func (o *Observer) evidenceOn(ctx context.Context, s *Sight, m *plan.Member) error {
	pod, claim := s.Pods[m.Name], s.Claims[m.Name]
	if pod != nil && pod.DeletionTimestamp == nil && o.Now().Sub(pod.CreationTimestamp.Time) < patience {
		return nil // it is only just starting
	}
	placed := false
	if pod != nil && pod.Spec.NodeName != "" {
		node := &corev1.Node{}
		found, err := o.getLive(ctx, pod.Spec.NodeName, node)
		if apierrors.IsForbidden(err) {
			blind(m, "nodes")
			return nil
		}
		if err != nil {
			return err
		}
		m.NodeGone = !found
		placed = found && !outOfService(*node) && pod.Status.Phase == corev1.PodRunning
	}
	if claim == nil || placed && claim.Status.Phase == corev1.ClaimBound {
		return nil // it runs where its volume is
	}
	loss, err := o.volumeLoss(ctx, claim)
	if apierrors.IsForbidden(err) {
		blind(m, "PersistentVolumes and nodes")
		return nil
	}
	m.Loss = loss
	return err
}

// blind says that evidence cannot be had, so that nobody waits for it.
func blind(m *plan.Member, of string) {
	note := fmt.Sprintf(" (the operator may not read %s, so it cannot tell whether the member is lost)", of)
	m.AgentError += note
	if m.Trouble != nil {
		m.Trouble.Message += note
	}
}

// volumeLoss says why the volume behind a claim is gone for good.
func (o *Observer) volumeLoss(ctx context.Context, claim *corev1.PersistentVolumeClaim) (string, error) {
	if claim.Spec.VolumeName == "" {
		return "", nil // it never had one: there is nothing to lose
	}
	volume := &corev1.PersistentVolume{}
	found, err := o.getLive(ctx, claim.Spec.VolumeName, volume)
	switch {
	case err != nil:
		return "", err
	case !found:
		return fmt.Sprintf("its volume %s was deleted", claim.Spec.VolumeName), nil
	case claim.Status.Phase == corev1.ClaimLost:
		return fmt.Sprintf("its claim %s has lost its volume %s", claim.Name, claim.Spec.VolumeName), nil
	}
	nodes := pinnedTo(volume)
	var fates []string
	for _, node := range nodes {
		fate, err := o.nodeFate(ctx, node)
		if err != nil || fate == "" {
			return "", err
		}
		fates = append(fates, fate)
	}
	if len(fates) == 0 {
		return "", nil
	}
	return fmt.Sprintf("its volume %s is pinned to %s", volume.Name, strings.Join(fates, " and to ")), nil
}

// pinned is one way in which a volume names a node.
type pinned struct {
	value   string
	byLabel bool // by its hostname label, otherwise by its name
}

// pinnedTo lists the nodes that a volume can ever be used on; none when it is
// not bound to nodes by name. A zone proves nothing: other nodes may come.
func pinnedTo(volume *corev1.PersistentVolume) []pinned {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return nil
	}
	var all []pinned
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		var nodes []pinned
		for _, r := range term.MatchExpressions {
			if r.Key == corev1.LabelHostname && r.Operator == corev1.NodeSelectorOpIn {
				nodes = appendPinned(nodes, r.Values, true)
			}
		}
		for _, r := range term.MatchFields {
			if r.Key == "metadata.name" && r.Operator == corev1.NodeSelectorOpIn {
				nodes = appendPinned(nodes, r.Values, false)
			}
		}
		if len(nodes) == 0 {
			return nil // this term alone lets it go elsewhere
		}
		all = append(all, nodes...)
	}
	return all
}

func appendPinned(to []pinned, values []string, byLabel bool) []pinned {
	for _, v := range values {
		to = append(to, pinned{v, byLabel})
	}
	return to
}

// nodeFate says why a node does not come back; empty when it may.
func (o *Observer) nodeFate(ctx context.Context, p pinned) (string, error) {
	node := &corev1.Node{}
	found, err := o.getLive(ctx, p.value, node)
	if err != nil {
		return "", err
	}
	nodes := []corev1.Node{*node}
	if !found {
		nodes = nil
	}
	if p.byLabel {
		list := &corev1.NodeList{}
		if err := o.Live.List(ctx, list, client.MatchingLabels{corev1.LabelHostname: p.value}); err != nil {
			return "", fmt.Errorf("list the nodes of host %s: %w", p.value, err)
		}
		nodes = append(nodes, list.Items...)
	}
	for _, n := range nodes {
		if !outOfService(n) {
			return "", nil
		}
	}
	if len(nodes) > 0 {
		return fmt.Sprintf("node %s, which is tainted %s", p.value, corev1.TaintNodeOutOfService), nil
	}
	return fmt.Sprintf("node %s, which was deleted", p.value), nil
}

func outOfService(n corev1.Node) bool {
	for _, t := range n.Spec.Taints {
		if t.Key == corev1.TaintNodeOutOfService {
			return true
		}
	}
	return false
}
