package observe

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// origin finds the backup that a cluster begins with, and how far it has come to the
// members. A cluster that was formed has begun.
func (o *Observer) origin(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	if !resource.Restores(c) || c.Status.ClusterID != "" {
		return nil
	}
	src := &plan.Origin{}
	s.Observation.Origin = src
	from, err := o.from(ctx, c, src)
	if err != nil {
		return err
	}
	if from != nil {
		missing, err := o.storeSecrets(ctx, c.Namespace, from.Store, from.Encryption, "identities")
		if err != nil {
			return err
		}
		if missing != "" {
			src.Missing = &plan.Trouble{Reason: plan.ReasonSecretInvalid, Message: missing + ". The backup is restored once it is there."}
		}
		s.From, src.Where = from, where(*from)
	}
	_, job, err := o.job(ctx, c, resource.SendJobName(c.Name))
	if err != nil {
		return err
	}
	src.Sending, src.Trouble = sending[job.State], job.Trouble
	src.Failure = sendFailure(job)
	switch r := job.Result; {
	case r == nil, r.Message != "":
	case r.Plain != nil && job.State == backup.JobSucceeded:
		src.SHA256 = r.Plain.SHA256
		if r.Manifest != nil {
			src.Version = r.Manifest.EtcdVersion
		}
	}
	return nil
}

// sendFailure is what a Job says that has brought nothing.
func sendFailure(job backup.Job) string {
	switch {
	case job.Result != nil && job.Result.Message != "":
		return job.Result.Message
	case job.State == backup.JobFailed:
		return "its Job failed without a word; see the logs of its pods"
	}
	return ""
}

var sending = map[backup.JobState]plan.Sending{
	backup.JobRunning: plan.SendingRuns, backup.JobSucceeded: plan.SendingDone, backup.JobFailed: plan.SendingFailed,
}

// from resolves spec.bootstrap.restore; nil where it names what is not there.
func (o *Observer) from(ctx context.Context, c *v1alpha1.EtcdCluster, src *plan.Origin) (*resource.RestoreFrom, error) {
	asked := *c.Spec.Bootstrap.Restore
	if asked.Store != nil {
		if _, err := time.Parse(time.RFC3339, asked.At); asked.At != "" && err != nil {
			src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("spec.bootstrap.restore.at is %s, and there is no such day. Make the EtcdCluster anew with one that is.", asked.At)}
			return nil, nil
		}
		from := resource.RestoreFromStore(c, asked)
		return &from, nil
	}
	b := &v1alpha1.EtcdBackup{}
	err := o.Cached.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: asked.BackupName}, b)
	switch {
	case apierrors.IsNotFound(err):
		src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("There is no EtcdBackup %q in this namespace, which spec.bootstrap.restore.backupName names. The cluster begins once there is.", asked.BackupName)}
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read EtcdBackup %s: %w", asked.BackupName, err)
	case !meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionComplete):
		src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("EtcdBackup %s is not complete. The cluster begins once it is; of one that has failed nothing can be restored.", b.Name)}
	}
	from := resource.RestoreFromBackup(b)
	return &from, nil
}

// where is the backup for people.
func where(from resource.RestoreFrom) string {
	url := strings.TrimSuffix(from.Store.URL, "/")
	switch {
	case from.Name != "":
		return url + "/" + from.Name
	case from.File != "":
		return url + "/" + from.File
	case from.At != "":
		return fmt.Sprintf("of %s/%s in %s that is the newest until %s", from.Namespace, from.Cluster, url, from.At)
	}
	return fmt.Sprintf("of %s/%s in %s that is the newest", from.Namespace, from.Cluster, url)
}
