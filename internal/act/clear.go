package act

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// clear deletes the claim of a member that the cluster, asked once more, does
// not count, and then its pod: the claim is gone once nobody uses it.
func (a *Actor) clear(ctx context.Context, s *Situation, action plan.Clear) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	if m, ok := members.ByPeerURL(peerURL(s, action.Name)); ok {
		return fmt.Errorf("the member list still shows %s as %s", action.Name, m.ID)
	}
	claim, err := a.liveClaim(ctx, s, action.Name)
	if err != nil {
		return err
	}
	pod, err := a.livePod(ctx, s, action.Name)
	if err != nil {
		return err
	}
	if err := a.uncounted(ctx, s, action.Name, claim, members); err != nil {
		return err
	}
	return a.vacate(ctx, claim, pod)
}

// vacate deletes the claim as it was read, and then its pod in its own time: the claim
// is gone once nobody uses it. Either may be nil.
func (a *Actor) vacate(ctx context.Context, claim *corev1.PersistentVolumeClaim, pod *corev1.Pod) error {
	if claim != nil && claim.DeletionTimestamp == nil {
		if err := a.exactly(ctx, claim); err != nil {
			return err
		}
	}
	if pod == nil || pod.DeletionTimestamp != nil {
		return nil
	}
	if err := a.Client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete pod %s: %w", pod.Name, err)
	}
	return nil
}

// uncounted fails when the claim, or the agent that has the volume before it,
// names a member that the list shows, or a volume of another cluster.
func (a *Actor) uncounted(ctx context.Context, s *Situation, name etcd.MemberName, claim *corev1.PersistentVolumeClaim, members etcd.Members) error {
	if claim != nil {
		if formed := claim.Annotations[v1alpha1.AnnotationFormed]; formed != "" && formed != s.Cluster.Status.ClusterID {
			return fmt.Errorf("claim %s belongs to cluster %s", claim.Name, formed)
		}
		if mark := claim.Annotations[v1alpha1.AnnotationMember]; mark != "" {
			var id etcd.MemberID
			if err := id.UnmarshalText([]byte(mark)); err != nil {
				return fmt.Errorf("claim %s: %w", claim.Name, err)
			}
			if _, ok := members.ByID(id); ok {
				return fmt.Errorf("claim %s holds %s, which the member list still shows", claim.Name, id)
			}
		}
	}
	if _, reachable := s.Agents[name]; !reachable {
		return nil
	}
	report, err := a.report(ctx, s, name)
	if err != nil || report.Member != name || report.Volume.Admission == nil {
		return nil //nolint:nilerr // a pod that cannot answer any more says nothing against it
	}
	admitted := report.Volume.Admission
	if _, ok := members.ByID(admitted.MemberID); ok {
		return fmt.Errorf("the volume of %s holds %s, which the member list still shows", name, admitted.MemberID)
	}
	// A birth that never came to anything leaves volumes behind that belong to
	// no cluster: those may go.
	if recorded := s.Cluster.Status.ClusterID; admitted.Formed && admitted.ClusterID.String() != recorded {
		return fmt.Errorf("the volume of %s belongs to cluster %s", name, admitted.ClusterID)
	}
	return nil
}
