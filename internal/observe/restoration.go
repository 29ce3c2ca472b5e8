package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// request finds the EtcdRestore that is carried out or, where none is, the next one.
func (o *Observer) request(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	slices.SortFunc(s.Observation.Former, func(a, b plan.Volume) int { return cmp.Compare(a.Claim, b.Claim) })
	list := &v1alpha1.EtcdRestoreList{}
	if err := o.Cached.List(ctx, list, client.InNamespace(c.Namespace)); err != nil {
		return fmt.Errorf("list EtcdRestores: %w", err)
	}
	s.Restores = slices.DeleteFunc(list.Items, func(r v1alpha1.EtcdRestore) bool { return r.Spec.ClusterName != c.Name })
	slices.SortFunc(s.Restores, func(a, b v1alpha1.EtcdRestore) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	s.Restore = next(s.Restores, c.Status.Restore)
	if s.Restore == nil {
		return nil
	}
	r, from, err := o.Request(ctx, c, s.Restore)
	s.Observation.Request, s.From = r, from
	return err
}

// next is the EtcdRestore that was recorded and is not complete; otherwise the first
// that wants to begin. Until the one before is known to be complete none does: else
// that one could be taken for one that never began.
func next(all []v1alpha1.EtcdRestore, record *v1alpha1.RestoreRecord) *v1alpha1.EtcdRestore {
	active := record != nil && record.CompletedAt == nil
	for i := range all {
		r := &all[i]
		recorded := record != nil && record.UID == string(r.UID)
		done := meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionComplete)
		switch {
		case r.DeletionTimestamp != nil || done:
		case recorded:
			return r
		case !active && !r.Spec.DryRun && !slices.ContainsFunc(all[i:], func(other v1alpha1.EtcdRestore) bool {
			return record != nil && record.UID == string(other.UID) && !meta.IsStatusConditionTrue(other.Status.Conditions, v1alpha1.ConditionComplete)
		}):
			return r
		}
	}
	return nil
}

// Request observes one EtcdRestore of a cluster, and where its backup is.
func (o *Observer) Request(ctx context.Context, c *v1alpha1.EtcdCluster, r *v1alpha1.EtcdRestore) (*plan.Request, *resource.RestoreFrom, error) {
	out := &plan.Request{Name: r.Name, UID: string(r.UID), Survivor: r.Spec.Source == v1alpha1.RestoreFromSurvivor}
	for _, id := range r.Spec.LostMembers {
		out.Lost = append(out.Lost, memberID(id))
	}
	if r.Spec.Backup == nil {
		return out, nil, nil
	}
	src, from, err := o.originOf(ctx, c, asked{c, r, *r.Spec.Backup, "spec.backup", "The restore begins", "Make the EtcdRestore"})
	if err != nil {
		return nil, nil, err
	}
	out.Origin = *src
	_, job, err := o.job(ctx, r, resource.ProofJobName(r.Name))
	if err != nil {
		return nil, nil, err
	}
	out.Proof.State, out.Proof.Trouble = sending[job.State], job.Trouble
	plain, manifest, failure := readThrough(job)
	out.Proof.Failure, out.Proof.Size = failure, plain.Size
	if manifest != nil {
		out.Proof.Version, out.Proof.Revision = manifest.EtcdVersion, manifest.Revision
	}
	return out, from, nil
}

// former notes a claim of another epoch.
func (s *Sight) former(c *v1alpha1.EtcdCluster, claim *corev1.PersistentVolumeClaim, now time.Time) {
	epoch := resource.EpochOf(c.Name, claim.Name)
	if epoch == 0 || epoch == resource.Epoch(c) {
		return
	}
	v := plan.Volume{
		Claim: claim.Name, Epoch: epoch, Formed: clusterID(claim.Annotations[v1alpha1.AnnotationFormed]),
		SupersededBy: claim.Annotations[v1alpha1.AnnotationSupersededBy], Deleting: claim.DeletionTimestamp != nil,
	}
	v.Superseded, _ = strconv.Atoi(claim.Annotations[v1alpha1.AnnotationSuperseded])
	if until, err := time.Parse(time.RFC3339, claim.Annotations[v1alpha1.AnnotationKeptUntil]); err == nil {
		v.Kept, v.Due = true, !now.Before(until)
		if !v.Due && (s.Expires.IsZero() || until.Before(s.Expires)) {
			s.Expires = until
		}
	}
	s.Observation.Former = append(s.Observation.Former, v)
}
