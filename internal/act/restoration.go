package act

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// replaceData performs the actions that put other data in the place of a cluster's.
func (a *Actor) replaceData(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.ProveBackup:
		return a.proveBackup(ctx, s, action)
	case plan.BeginRestore:
		return a.beginRestore(ctx, s, action)
	case plan.Supersede:
		return a.supersede(ctx, s, action)
	case plan.SwitchEpoch:
		return a.switchEpoch(ctx, s, action)
	case plan.RecordEpoch:
		return a.recordEpoch(ctx, s, action)
	case plan.TakeBack:
		return a.takeBack(ctx, s, action)
	case plan.CompleteRestore:
		return a.completeRestore(ctx, s, action)
	case plan.DropVolumes:
		return a.dropVolumes(ctx, s, action)
	default:
		return a.bringBack(ctx, s, action)
	}
}

// proveBackup starts the Job that reads the backup through.
func (a *Actor) proveBackup(ctx context.Context, s *Situation, action plan.ProveBackup) error {
	if s.From == nil || s.Restore == nil {
		return fmt.Errorf("nobody knows where the backup is")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	return a.createJob(ctx, resource.ProofJob(s.Restore, *s.From, resource.BackupImages{Backup: a.BackupImage}))
}

// claims are the cluster's, of all epochs.
func (a *Actor) claims(ctx context.Context, s *Situation) ([]corev1.PersistentVolumeClaim, error) {
	list := &corev1.PersistentVolumeClaimList{}
	if err := a.Live.List(ctx, list, client.InNamespace(s.Cluster.Namespace), client.MatchingLabels(resource.Selector(s.Cluster.Name))); err != nil {
		return nil, fmt.Errorf("list claims: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(c corev1.PersistentVolumeClaim) bool { return resource.EpochOf(s.Cluster.Name, c.Name) == 0 }), nil
}

// lastRevision asks all agents. One that does not answer is asked in vain: the bump
// of the restore is far larger than what one member has that others have not.
func (a *Actor) lastRevision(ctx context.Context, s *Situation) int64 {
	last := int64(0)
	for name := range s.Agents {
		if report, err := a.report(ctx, s, name); err == nil && report.Etcd != nil {
			last = max(last, report.Etcd.Revision)
		}
	}
	return last
}

func (a *Actor) moment() *metav1.Time {
	now := metav1.NewTime(a.Now().Truncate(time.Second))
	return &now
}

// members are those that have a claim, in order.
func (s *Situation) members() []etcd.MemberName {
	names := make([]etcd.MemberName, 0, len(s.Claims))
	for name := range s.Claims {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (a *Actor) annotate(ctx context.Context, claim *corev1.PersistentVolumeClaim, change func(map[string]string)) error {
	base := claim.DeepCopy()
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	change(claim.Annotations)
	patch := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{})
	if err := a.Client.Patch(ctx, claim, patch, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("annotate claim %s: %w", claim.Name, err)
	}
	return nil
}
