package resource

import (
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/quorate/quorate/api/v1alpha1"
)

const (
	// ContainerTidy is the name of the container of a Job that tidies.
	ContainerTidy = "tidy"
	// tidyDeadline is how long it may take to look through a store.
	tidyDeadline = time.Hour
	// leftBehind is how old at least what lies without a manifest is that is removed.
	leftBehind = 24 * time.Hour

	argExpect = "--expect="
)

// TidyJobName is the name of the Job that looks through the store of a schedule: of at
// most 57 characters, as a schedule's has 52.
func TidyJobName(schedule string) string { return schedule + "-tidy" }

// TidyRequest says what the Job of a schedule looks for.
type TidyRequest struct {
	// Before is what the names of the schedule's backups begin with.
	Before string
	// Expect are the names of those that shall be there.
	Expect []string
}

// TidyJob builds the Job that removes what attempts of a schedule have left behind in
// its store, and misses backups that shall be there. What is younger than a day, or
// than two backups may take, is left alone.
func TidyJob(s *v1alpha1.EtcdBackupSchedule, r TidyRequest, images BackupImages) *batchv1.Job {
	t := s.Spec.Template
	age := leftBehind
	if t.Deadline != nil {
		age = max(age, 2*t.Deadline.Duration)
	}
	folder := s.Namespace + "/" + s.Spec.ClusterName + "/"
	args := []string{
		"list", "--series=" + folder + r.Before, "--clean-older-than=" + age.String(), "--orphans-older-than=" + age.String(),
		"--timeout=" + tidyDeadline.String(),
	}
	if len(r.Expect) > 0 {
		args = append(args, argExpect+folder+strings.Join(r.Expect, ","+folder))
	}
	pod := storePod(t.Store, t.Job)
	pod.Containers = []corev1.Container{storeContainer(t.Store, t.Job, ContainerTidy, images.Backup, append(args, whereArgs(t.Store)...)...)}
	labels := map[string]string{
		labelName: valueName, labelComponent: valueBackup, labelManagedBy: valueQuorate, labelPartOf: valueQuorate,
		v1alpha1.LabelSchedule: s.Name,
	}
	return &batchv1.Job{
		TypeMeta: typeMeta("batch/v1", "Job"),
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: TidyJobName(s.Name), Labels: labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s, v1alpha1.GroupVersion.WithKind(v1alpha1.KindEtcdBackupSchedule))},
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            ptr.To[int32](backupRetries),
			ActiveDeadlineSeconds:   ptr.To(int64(tidyDeadline.Seconds())),
			TTLSecondsAfterFinished: ptr.To(int32(backupKept.Seconds())),
			Template:                corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}

// TidyExpected are the names that a Job was asked for, in their places.
func TidyExpected(job *batchv1.Job) []string {
	for _, c := range job.Spec.Template.Spec.Containers {
		for _, arg := range c.Args {
			list, ok := strings.CutPrefix(arg, argExpect)
			if !ok {
				continue
			}
			names := strings.Split(list, ",")
			for i, name := range names {
				names[i] = name[strings.LastIndex(name, "/")+1:]
			}
			return names
		}
	}
	return nil
}

// SameStore says whether what lies in one store is found in the other.
func SameStore(a, b v1alpha1.BackupStore) bool {
	return strings.TrimSuffix(a.URL, "/") == strings.TrimSuffix(b.URL, "/") && a.Endpoint == b.Endpoint && a.Region == b.Region
}
