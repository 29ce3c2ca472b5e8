package act

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
)

// prune deletes objects that are this cluster's and that it shall not have.
func (a *Actor) prune(ctx context.Context, s *Situation, action plan.Prune) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for _, object := range action.Objects {
		if wanted(s, object) {
			return fmt.Errorf("the cluster shall have %s", object)
		}
		if err := a.pruneOne(ctx, s, object); err != nil {
			return err
		}
	}
	return nil
}

func (a *Actor) pruneOne(ctx context.Context, s *Situation, object string) error {
	kind, name, _ := strings.Cut(object, "/")
	live := prunable(kind)
	if live == nil {
		return fmt.Errorf("no %s is ever pruned", kind)
	}
	found, err := a.found(ctx, client.ObjectKey{Namespace: s.Cluster.Namespace, Name: name}, live)
	if err != nil || !found || live.GetDeletionTimestamp() != nil {
		return err
	}
	// The controller of a member's pod is the StatefulSet.
	if ref := metav1.GetControllerOf(live); ref == nil || ref.UID != s.Cluster.UID {
		return fmt.Errorf("%s is not this cluster's any more", object)
	}
	return a.exactly(ctx, live)
}

// prunable holds no kind that keeps data, and no pod of a member.
func prunable(kind string) client.Object {
	switch kind {
	case "Pod":
		return &corev1.Pod{}
	case "PodDisruptionBudget":
		return &policyv1.PodDisruptionBudget{}
	case "NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	case "Service":
		return &corev1.Service{}
	default:
		return nil
	}
}

func wanted(s *Situation, object string) bool {
	return slices.ContainsFunc(s.Wanted, func(o client.Object) bool {
		return o.GetObjectKind().GroupVersionKind().Kind+"/"+o.GetName() == object
	})
}
