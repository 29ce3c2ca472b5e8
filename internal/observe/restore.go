package observe

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// origin finds the backup that a cluster begins with, and how far it has come to the
// members. A cluster that was formed has begun.
func (o *Observer) origin(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	if err := o.request(ctx, c, s); err != nil {
		return err
	}
	if !resource.Restores(c) || c.Status.ClusterID != "" {
		return nil
	}
	if r := s.Observation.Record.Restore; r != nil && !r.Completed {
		if s.Observation.Request != nil {
			s.Observation.Origin = &s.Observation.Request.Origin
		}
		return nil
	}
	src, from, err := o.originOf(ctx, c, asked{c, c, *c.Spec.Bootstrap.Restore, "spec.bootstrap.restore", "The cluster begins", "Make the EtcdCluster"})
	s.Observation.Origin, s.From = src, from
	return err
}

// asked is a wish to restore a backup: whose, and how it is spoken of.
type asked struct {
	cluster *v1alpha1.EtcdCluster
	by      client.Object
	source  v1alpha1.RestoreSource
	field   string
	begins  string
	mend    string
}

// originOf finds a backup, and how far it has come to the members.
func (o *Observer) originOf(ctx context.Context, c *v1alpha1.EtcdCluster, a asked) (*plan.Origin, *resource.RestoreFrom, error) {
	src := &plan.Origin{}
	from, err := o.from(ctx, a, src)
	if err != nil {
		return nil, nil, err
	}
	if from != nil {
		missing, err := o.storeSecrets(ctx, c.Namespace, from.Store, from.Encryption, "identities")
		if err != nil {
			return nil, nil, err
		}
		if missing != "" {
			src.Missing = &plan.Trouble{Reason: plan.ReasonSecretInvalid, Message: missing + ". The backup is restored once it is there."}
		}
		src.Where = where(*from)
	}
	_, job, err := o.job(ctx, a.by, resource.SendJobName(a.by))
	if err != nil {
		return nil, nil, err
	}
	src.Sending, src.Trouble = sending[job.State], job.Trouble
	plain, manifest, failure := readThrough(job)
	src.Failure, src.SHA256 = failure, plain.SHA256
	if manifest != nil {
		src.Version, src.Revision = manifest.EtcdVersion, manifest.Revision
	}
	return src, from, nil
}

// readThrough is what a Job has told that has read a backup: the plain snapshot, its
// manifest where it has one, or why it failed.
func readThrough(job backup.Job) (plain snapshot.Content, manifest *snapshot.Manifest, failure string) {
	if job.State == backup.JobFailed {
		failure = "its Job failed without a word; see the logs of its pods"
	}
	switch r := job.Result; {
	case r == nil:
	case r.Message != "":
		failure = r.Message
	case r.Plain != nil && job.State == backup.JobSucceeded:
		return *r.Plain, r.Manifest, failure
	}
	return plain, nil, failure
}

var sending = map[backup.JobState]plan.Sending{
	backup.JobRunning: plan.SendingRuns, backup.JobSucceeded: plan.SendingDone, backup.JobFailed: plan.SendingFailed,
}

// from resolves where a backup is; nil where it names what is not there.
func (o *Observer) from(ctx context.Context, a asked, src *plan.Origin) (*resource.RestoreFrom, error) {
	if a.source.Store != nil {
		if _, err := time.Parse(time.RFC3339, a.source.At); a.source.At != "" && err != nil {
			src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("%s.at is %s, and there is no such day. %s anew with one that is.", a.field, a.source.At, a.mend)}
			return nil, nil
		}
		from := resource.RestoreFromStore(a.cluster, a.source)
		return &from, nil
	}
	b := &v1alpha1.EtcdBackup{}
	err := o.Cached.Get(ctx, types.NamespacedName{Namespace: a.cluster.Namespace, Name: a.source.BackupName}, b)
	switch {
	case apierrors.IsNotFound(err):
		src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("There is no EtcdBackup %q in this namespace, which %s.backupName names. %s once there is.", a.source.BackupName, a.field, a.begins)}
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read EtcdBackup %s: %w", a.source.BackupName, err)
	case !meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionComplete):
		src.Missing = &plan.Trouble{Reason: plan.ReasonBackupMissing, Message: fmt.Sprintf("EtcdBackup %s is not complete. %s once it is; of one that has failed nothing can be restored.", b.Name, a.begins)}
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
