package act

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/resource"
)

// BackupSituation is what was observed of the backup that is acted on.
type BackupSituation struct {
	Backup  *v1alpha1.EtcdBackup
	Cluster *v1alpha1.EtcdCluster
	Saving  *batchv1.Job
	Images  resource.BackupImages
}

// Backup performs one action on an EtcdBackup. Each is one write that does nothing
// the second time: Jobs have fixed names, and finalizers are written upon the
// version that was observed.
func (a *Actor) Backup(ctx context.Context, s *BackupSituation, action backup.Action) error {
	if err := a.backup(ctx, s, action); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

func (a *Actor) backup(ctx context.Context, s *BackupSituation, action backup.Action) error {
	b := s.Backup
	switch action {
	case backup.Guard, backup.Release:
		was := b.DeepCopy()
		if action == backup.Guard {
			controllerutil.AddFinalizer(b, v1alpha1.FinalizerBackupData)
		} else {
			controllerutil.RemoveFinalizer(b, v1alpha1.FinalizerBackupData)
		}
		patch := client.MergeFromWithOptions(was, client.MergeFromWithOptimisticLock{})
		return client.IgnoreNotFound(a.Client.Patch(ctx, b, patch, client.FieldOwner(FieldManager)))
	case backup.Start:
		// A backup of a cluster that was made anew under the same name meanwhile would be
		// one of somebody else.
		live := &v1alpha1.EtcdCluster{}
		if err := a.Live.Get(ctx, client.ObjectKeyFromObject(s.Cluster), live); err != nil {
			return fmt.Errorf("read EtcdCluster %s: %w", s.Cluster.Name, err)
		}
		if live.UID != s.Cluster.UID {
			return fmt.Errorf("%w: EtcdCluster %s is another one by now", ErrNotYet, live.Name)
		}
		return a.createJob(ctx, resource.SaveJob(b, live, s.Images))
	case backup.Stop:
		if s.Saving == nil {
			return nil
		}
		preconditions := client.Preconditions{UID: &s.Saving.UID}
		err := a.Client.Delete(ctx, s.Saving, preconditions, client.PropagationPolicy(metav1.DeletePropagationForeground))
		return client.IgnoreNotFound(err)
	case backup.Erase:
		return a.createJob(ctx, resource.EraseJob(b, s.Images))
	default:
		return fmt.Errorf("nobody knows how")
	}
}

// createJob leaves one alone that is there: the cache may be behind.
func (a *Actor) createJob(ctx context.Context, job *batchv1.Job) error {
	err := a.Client.Create(ctx, job, client.FieldOwner(FieldManager))
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create Job %s: %w", job.Name, err)
	}
	return nil
}
