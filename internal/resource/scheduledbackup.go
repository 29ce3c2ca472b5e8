package resource

import (
	"github.com/quorate/quorate/api/v1alpha1"
)

// ScheduledBackup builds an EtcdBackup of a schedule. It bears the schedule's name
// as a label and is not owned by it: backups outlive their schedule.
func ScheduledBackup(s *v1alpha1.EtcdBackupSchedule, name string) *v1alpha1.EtcdBackup {
	b := &v1alpha1.EtcdBackup{}
	b.Namespace, b.Name = s.Namespace, name
	b.Labels = map[string]string{v1alpha1.LabelSchedule: s.Name}
	b.Spec.ClusterName = s.Spec.ClusterName
	b.Spec.BackupTemplate = *s.Spec.Template.BackupTemplate.DeepCopy()
	b.Spec.DeletionPolicy = s.Spec.Template.DeletionPolicy
	return b
}
