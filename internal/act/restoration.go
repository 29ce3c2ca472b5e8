package act

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
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
		return fmt.Errorf("unknown action %T", action)
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

// beginRestore records the EtcdRestore, with the last revision that anybody has now.
func (a *Actor) beginRestore(ctx context.Context, s *Situation, action plan.BeginRestore) error {
	asked := &v1alpha1.EtcdRestore{}
	found, err := a.found(ctx, client.ObjectKey{Namespace: s.Cluster.Namespace, Name: action.Name}, asked)
	if err != nil {
		return err
	}
	if !found || string(asked.UID) != action.UID || asked.DeletionTimestamp != nil || asked.Spec.DryRun {
		return fmt.Errorf("EtcdRestore %s is not asked for any more", action.Name)
	}
	was := s.Cluster.Status
	if was.Restore != nil && was.Restore.CompletedAt == nil {
		return fmt.Errorf("EtcdRestore %s is under way", was.Restore.Name)
	}
	record := &v1alpha1.RestoreRecord{
		Name: action.Name, UID: action.UID, Source: asked.Spec.Source, Epoch: int32(action.Epoch), //nolint:gosec // one more with each restore
		FormerEpoch: int32(resource.Epoch(s.Cluster)), FormerClusterID: was.ClusterID, //nolint:gosec // the same
		LastRevision: a.lastRevision(ctx, s), StartedAt: a.moment(),
	}
	if was.Restore != nil {
		record.LastRevision = max(record.LastRevision, was.Restore.LastRevision, was.Restore.Revision)
	}
	if old, err := a.givenUp(ctx, s, action.Epoch); err != nil {
		return err
	} else if old != nil { // it goes on, and its record was lost
		record.FormerEpoch = int32(resource.EpochOf(s.Cluster.Name, old.Name)) //nolint:gosec // the same
		record.FormerClusterID = old.Annotations[v1alpha1.AnnotationFormed]
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) { status.Restore = record })
}

// givenUp is a claim that was superseded by an epoch; nil when none was.
func (a *Actor) givenUp(ctx context.Context, s *Situation, by int) (*corev1.PersistentVolumeClaim, error) {
	claims, err := a.claims(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range claims {
		if claims[i].Annotations[v1alpha1.AnnotationSuperseded] == strconv.Itoa(by) && claims[i].Annotations[v1alpha1.AnnotationFormed] != "" {
			return &claims[i], nil
		}
	}
	return nil, nil
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

// givesUp reports whether the data of a cluster is being given up for other data.
func givesUp(c *v1alpha1.EtcdCluster) bool {
	r := c.Status.Restore
	return r != nil && r.CompletedAt == nil && r.Source == v1alpha1.RestoreFromBackup && resource.Epoch(c) < int(r.Epoch)
}

// supersede marks the claims that others come in the place of.
func (a *Actor) supersede(ctx context.Context, s *Situation, action plan.Supersede) error {
	if r := s.Cluster.Status.Restore; !givesUp(s.Cluster) || r.UID != action.By || int(r.Epoch) != action.Epoch {
		return fmt.Errorf("no restore supersedes the volumes")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for _, name := range s.members() {
		claim, err := a.liveClaim(ctx, s, name)
		if err != nil {
			return err
		}
		if claim == nil || !slices.Contains(action.Claims, claim.Name) {
			continue
		}
		err = a.annotate(ctx, claim, func(annotations map[string]string) {
			annotations[v1alpha1.AnnotationSuperseded] = strconv.Itoa(action.Epoch)
			annotations[v1alpha1.AnnotationSupersededBy] = action.By
		})
		if err != nil {
			return err
		}
	}
	return nil
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

// switchEpoch gives the cluster up that lived on the old volumes. No pod of it runs.
func (a *Actor) switchEpoch(ctx context.Context, s *Situation, action plan.SwitchEpoch) error {
	if !givesUp(s.Cluster) || resource.Epoch(s.Cluster) != action.From || int(s.Cluster.Status.Restore.Epoch) != action.To {
		return fmt.Errorf("no restore raises the epoch")
	}
	if err := a.noPods(ctx, s); err != nil {
		return err
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Epoch = int32(action.To) //nolint:gosec // one more with each restore
		status.ClusterID, status.Birth, status.Joining = "", nil, nil
	})
}

// noPods fails while a pod of the cluster is there.
func (a *Actor) noPods(ctx context.Context, s *Situation) error {
	pods := &corev1.PodList{}
	if err := a.Live.List(ctx, pods, client.InNamespace(s.Cluster.Namespace), client.MatchingLabels(resource.Selector(s.Cluster.Name))); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	if len(pods.Items) > 0 {
		return fmt.Errorf("%w: pod %s is still there", ErrNotYet, pods.Items[0].Name)
	}
	return nil
}

// recordEpoch records what volumes remember.
func (a *Actor) recordEpoch(ctx context.Context, s *Situation, action plan.RecordEpoch) error {
	if s.Cluster.Status.ClusterID != "" || resource.Epoch(s.Cluster) >= action.Epoch {
		return fmt.Errorf("cluster %q at epoch %d is recorded", s.Cluster.Status.ClusterID, resource.Epoch(s.Cluster))
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(claims, func(c corev1.PersistentVolumeClaim) bool {
		formed := c.Annotations[v1alpha1.AnnotationFormed] != "" && resource.EpochOf(s.Cluster.Name, c.Name) == action.Epoch
		return formed || c.Annotations[v1alpha1.AnnotationSuperseded] == strconv.Itoa(action.Epoch)
	}) {
		return fmt.Errorf("no volume remembers epoch %d any more", action.Epoch)
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Epoch = int32(action.Epoch) //nolint:gosec // one more with each restore
		status.Birth, status.Joining = nil, nil
	})
}

// takeBack goes back to the volumes that were given up, while nothing was formed in
// their place.
func (a *Actor) takeBack(ctx context.Context, s *Situation, action plan.TakeBack) error {
	r := s.Cluster.Status.Restore
	switched := r != nil && resource.Epoch(s.Cluster) == int(r.Epoch)
	if r == nil || r.CompletedAt != nil || switched && s.Cluster.Status.ClusterID != "" || int(r.FormerEpoch) != action.To {
		return fmt.Errorf("there is no restore to take back")
	}
	if switched {
		if err := a.noPods(ctx, s); err != nil {
			return err
		}
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range claims {
		if claims[i].Annotations[v1alpha1.AnnotationSupersededBy] != r.UID {
			continue
		}
		err := a.annotate(ctx, &claims[i], func(annotations map[string]string) {
			delete(annotations, v1alpha1.AnnotationSuperseded)
			delete(annotations, v1alpha1.AnnotationSupersededBy)
		})
		if err != nil {
			return err
		}
	}
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		if switched {
			status.Birth, status.Joining = nil, nil
		}
		status.Epoch, status.ClusterID, status.Restore = r.FormerEpoch, r.FormerClusterID, nil
	})
}

// completeRestore records that the cluster serves, and until when its former volumes
// are kept.
func (a *Actor) completeRestore(ctx context.Context, s *Situation, action plan.CompleteRestore) error {
	r := s.Cluster.Status.Restore
	if r == nil || r.Name != action.Name || r.CompletedAt != nil || s.Cluster.Status.ClusterID == "" {
		return fmt.Errorf("EtcdRestore %s is not under way", action.Name)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	keep := v1alpha1.DefaultKeepOldFor
	if s.Restore != nil && string(s.Restore.UID) == r.UID && s.Restore.Spec.KeepOldFor != nil {
		keep = s.Restore.Spec.KeepOldFor.Duration
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range claims {
		superseded := claims[i].Annotations[v1alpha1.AnnotationSupersededBy] == r.UID
		if !superseded || claims[i].Annotations[v1alpha1.AnnotationKeptUntil] != "" {
			continue
		}
		err := a.annotate(ctx, &claims[i], func(annotations map[string]string) {
			annotations[v1alpha1.AnnotationKeptUntil] = a.Now().Add(keep).UTC().Format(time.RFC3339)
		})
		if err != nil {
			return err
		}
	}
	revision := a.lastRevision(ctx, s)
	return a.record(ctx, s, action, func(status *v1alpha1.EtcdClusterStatus) {
		status.Restore.CompletedAt, status.Restore.Revision = a.moment(), revision
	})
}

// dropVolumes deletes claims of other epochs: each as it is read now, and only where
// its time has passed, or nothing was ever formed on it.
func (a *Actor) dropVolumes(ctx context.Context, s *Situation, action plan.DropVolumes) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	claims, err := a.claims(ctx, s)
	if err != nil {
		return err
	}
	for i := range claims {
		claim := &claims[i]
		if !slices.Contains(action.Claims, claim.Name) || claim.DeletionTimestamp != nil {
			continue
		}
		if err := a.droppable(s.Cluster, claim); err != nil {
			return err
		}
		if err := a.exactly(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

func (a *Actor) droppable(c *v1alpha1.EtcdCluster, claim *corev1.PersistentVolumeClaim) error {
	formed := claim.Annotations[v1alpha1.AnnotationFormed]
	switch epoch := resource.EpochOf(c.Name, claim.Name); {
	case c.Status.ClusterID == "" || epoch == resource.Epoch(c) || formed == c.Status.ClusterID:
		return fmt.Errorf("claim %s is the cluster's own", claim.Name)
	case epoch > resource.Epoch(c) && formed == "":
		return nil
	}
	until, err := time.Parse(time.RFC3339, claim.Annotations[v1alpha1.AnnotationKeptUntil])
	if err != nil || a.Now().Before(until) {
		return fmt.Errorf("claim %s is kept until %q", claim.Name, claim.Annotations[v1alpha1.AnnotationKeptUntil])
	}
	return nil
}
