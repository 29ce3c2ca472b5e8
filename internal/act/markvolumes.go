package act

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// markVolumes writes on claims which cluster and which member live on them,
// and makes them go with the EtcdCluster where the user asked for that.
func (a *Actor) markVolumes(ctx context.Context, s *Situation, action plan.MarkVolumes) error {
	if s.Cluster.Status.ClusterID != action.ClusterID.String() {
		return fmt.Errorf("the cluster is not recorded as %s", action.ClusterID)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	var errs []error
	for name, seen := range s.Claims {
		if slices.Contains(action.Claims, seen.Name) {
			errs = append(errs, a.markVolume(ctx, s, name, action.ClusterID))
		}
	}
	return errors.Join(errs...)
}

// markVolume marks the very claim that was seen: one of its name that was made
// meanwhile has another volume below it.
func (a *Actor) markVolume(ctx context.Context, s *Situation, name etcd.MemberName, id etcd.ClusterID) error {
	claim, err := a.liveClaim(ctx, s, name)
	if err != nil {
		return err
	}
	if claim == nil || claim.DeletionTimestamp != nil {
		return fmt.Errorf("the claim of %s is gone", name)
	}
	if was := claim.Annotations[v1alpha1.AnnotationFormed]; was != "" && was != id.String() {
		return fmt.Errorf("claim %s belongs to cluster %s", claim.Name, was)
	}
	member, err := a.inhabitant(ctx, s, name, claim, id)
	if err != nil {
		return err
	}
	base := claim.DeepCopy()
	set(&claim.Annotations, v1alpha1.AnnotationFormed, id.String())
	if member != "" {
		set(&claim.Annotations, v1alpha1.AnnotationMember, member)
	}
	others := slices.DeleteFunc(claim.OwnerReferences, func(r metav1.OwnerReference) bool { return r.Kind == v1alpha1.KindEtcdCluster })
	claim.OwnerReferences = append(others, resource.RetainedOwners(s.Cluster)...)
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, claim, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("mark claim %s: %w", claim.Name, err)
	}
	return nil
}

// inhabitant returns the member that lives on a claim: by its agent, or by the
// mark that is there when the agent does not answer. A mark keeps its claim
// from being deleted while the member list shows that member, so it gives way
// only once the list shows the agent's member instead.
func (a *Actor) inhabitant(ctx context.Context, s *Situation, name etcd.MemberName, claim *corev1.PersistentVolumeClaim, id etcd.ClusterID) (string, error) {
	mark := claim.Annotations[v1alpha1.AnnotationMember]
	if _, reachable := s.Agents[name]; !reachable {
		return mark, nil
	}
	report, err := a.report(ctx, s, name)
	if err != nil || report.Member != name || report.Volume.Admission == nil || report.Volume.Admission.ClusterID != id {
		return mark, nil //nolint:nilerr // what it cannot say now is asked again
	}
	lives := report.Volume.Admission.MemberID
	if mark == "" || mark == lives.String() {
		return lives.String(), nil
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return "", err
	}
	_, shown := members.ByID(lives)
	for _, m := range members {
		shown = shown && m.ID.String() != mark
	}
	if !shown {
		return "", fmt.Errorf("claim %s is marked for member %s and its volume holds %s: was the volume below it exchanged? Restore it, or declare %s lost with the annotation %s=%s on the EtcdCluster",
			claim.Name, mark, lives, mark, v1alpha1.AnnotationReplace, mark)
	}
	return lives.String(), nil
}
