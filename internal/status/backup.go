package status

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
)

// Backup returns the status of an EtcdBackup after a decision. began is when its
// Job was created, zero when there is none.
func Backup(b *v1alpha1.EtcdBackup, o backup.Observation, d backup.Decision, operator string, began, now metav1.Time) v1alpha1.EtcdBackupStatus {
	s := *b.Status.DeepCopy()
	if d.Reason == "" {
		return s // it has come to its end, or is none of ours any more
	}
	s.ObservedGeneration, s.Operator = b.Generation, operator
	if s.StartedAt == nil && !began.IsZero() {
		s.StartedAt = &began
	}
	if o.Outcome == "" && !o.Deleting {
		setCondition(&s, v1alpha1.ConditionComplete, d.Outcome == backup.OutcomeComplete, d, now)
		setCondition(&s, v1alpha1.ConditionFailed, d.Outcome == backup.OutcomeFailed, d, now)
	}
	if o.Deleting {
		setCondition(&s, v1alpha1.ConditionDataDeleted, o.Erasing.State == backup.JobSucceeded, d, now)
	}
	if d.Outcome == backup.OutcomeComplete {
		describe(&s, o, d, now)
	}
	return s
}

func setCondition(s *v1alpha1.EtcdBackupStatus, kind string, is bool, d backup.Decision, now metav1.Time) {
	c := metav1.Condition{
		Type: kind, Status: metav1.ConditionFalse, Reason: string(d.Reason), Message: d.Message,
		ObservedGeneration: s.ObservedGeneration, LastTransitionTime: now,
	}
	if is {
		c.Status = metav1.ConditionTrue
	}
	s.Conditions = slices.Clone(s.Conditions)
	meta.SetStatusCondition(&s.Conditions, c)
}

// describe tells what is known of a backup that is complete.
func describe(s *v1alpha1.EtcdBackupStatus, o backup.Observation, d backup.Decision, now metav1.Time) {
	m := d.Manifest
	s.CompletedAt, s.Duration = &now, m.Duration().Round(1e6).String()
	s.SavedIn, s.ReadBackIn = phase(m.Saved()), phase(m.ReadBack())
	s.Location, s.Revision, s.SHA256 = o.Location, m.Revision, m.Plain.SHA256
	s.Size, s.StoredSize = size(m.Plain.Size), size(m.Stored.Size)
	s.Verified = v1alpha1.BackupVerification(m.Verification)
	s.ClusterID, s.EtcdVersion = m.Cluster.ID, m.EtcdVersion
	s.HashKV = &v1alpha1.BackupHashKV{Revision: m.HashKV.Revision, CompactRevision: m.HashKV.CompactRevision, Hash: int64(m.HashKV.Hash)}
}

// phase is how long a part took; nothing where it is not known.
func phase(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// size is an amount of bytes that people can read, such as 1.5GiB.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%dB", n)
	}
	value, unit := float64(n)/1024, 0
	for ; value >= 1024 && unit < len(units)-1; unit++ {
		value /= 1024
	}
	return fmt.Sprintf("%.1f%ciB", value, units[unit])
}
