package act

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// send starts the Job that brings the snapshot to volumes that are empty.
func (a *Actor) send(ctx context.Context, s *Situation, action plan.Send) error {
	if s.From == nil {
		return fmt.Errorf("nobody knows where the backup is")
	}
	if err := a.neverFormed(ctx, s.Cluster); err != nil {
		return err
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	volumes := map[etcd.MemberName]string{}
	for _, m := range action.Members {
		volumes[m.Name] = m.VolumeID
	}
	return a.createJob(ctx, resource.SendJob(s.Cluster, s.by(), *s.From, volumes, resource.BackupImages{Backup: a.BackupImage}))
}

// stopSending deletes that Job, so that another one can be made.
func (a *Actor) stopSending(ctx context.Context, s *Situation, action plan.StopSending) error {
	job := &batchv1.Job{}
	job.Namespace, job.Name = s.Cluster.Namespace, resource.SendJobName(s.by())
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(job), job); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !metav1.IsControlledBy(job, s.by()) {
		return fmt.Errorf("job %s is not this cluster's", job.Name)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	preconditions := client.Preconditions{UID: &job.UID}
	if err := a.Client.Delete(ctx, job, preconditions, client.PropagationPolicy(metav1.DeletePropagationBackground)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete Job %s: %w", job.Name, err)
	}
	return nil
}

// by is who restores: the EtcdRestore that is carried out, or the cluster that begins
// with a backup.
func (s *Situation) by() client.Object {
	if r := s.Cluster.Status.Restore; r != nil && r.CompletedAt == nil && s.Restore != nil && string(s.Restore.UID) == r.UID {
		return s.Restore
	}
	return s.Cluster
}
