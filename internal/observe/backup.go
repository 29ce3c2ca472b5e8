package observe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// BackupSight is what was seen of a backup.
type BackupSight struct {
	Observation backup.Observation
	// Cluster is the one to back up; nil when there is none.
	Cluster *v1alpha1.EtcdCluster
	// Saving is the Job that makes the backup; nil when there is none.
	Saving *batchv1.Job
}

// Backup observes one EtcdBackup.
func (o *Observer) Backup(ctx context.Context, b *v1alpha1.EtcdBackup) (*BackupSight, error) {
	s := &BackupSight{}
	cluster, err := o.backedUp(ctx, b.Namespace, b.Spec.ClusterName)
	if err != nil {
		return nil, err
	}
	s.Cluster = cluster
	saving, writing, err := o.job(ctx, b, resource.SaveJobName(b.Name))
	if err != nil {
		return nil, err
	}
	_, erasing, err := o.job(ctx, b, resource.EraseJobName(b.Name))
	if err != nil {
		return nil, err
	}
	missing, err := o.storeSecrets(ctx, b.Namespace, b.Spec.Store, b.Spec.Encryption, "recipients", "identities")
	if err != nil {
		return nil, err
	}
	s.Saving = saving
	s.Observation = backup.Observation{
		Name: b.Name, WithoutQuorum: b.Spec.WithoutQuorum, Deleting: b.DeletionTimestamp != nil, DeletesData: b.Spec.DeletionPolicy == v1alpha1.DeletionDelete,
		Guarded: controllerutil.ContainsFinalizer(b, v1alpha1.FinalizerBackupData), Begun: b.Status.StartedAt != nil || saving != nil,
		Outcome: recordedOutcome(b), Location: resource.BackupLocation(b), Cluster: backupCluster(b.Spec.ClusterName, s.Cluster),
		Missing: missing, Writing: writing, Erasing: erasing,
	}
	return s, nil
}

// lookedThrough is what a Job says that has looked through a store.
const lookedThrough = "list"

// recordedOutcome reads what the status says for good.
func recordedOutcome(b *v1alpha1.EtcdBackup) backup.Outcome {
	c := meta.FindStatusCondition(b.Status.Conditions, v1alpha1.ConditionComplete)
	switch {
	case c == nil:
		return ""
	case c.Status == metav1.ConditionTrue:
		return backup.OutcomeComplete
	case meta.IsStatusConditionTrue(b.Status.Conditions, v1alpha1.ConditionFailed):
		return backup.OutcomeFailed
	}
	return ""
}

// backupCluster reads a cluster's own conditions: who watches it keeps them true.
func backupCluster(name string, c *v1alpha1.EtcdCluster) backup.Cluster {
	out := backup.Cluster{Name: name}
	if c == nil || c.DeletionTimestamp != nil {
		return out
	}
	out.Found, out.Formed, out.Hibernated = true, c.Status.ClusterID != "", c.Spec.Hibernated
	if quorate := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionQuorate); quorate != nil {
		out.Quorate, out.QuorumMessage = quorate.Status == metav1.ConditionTrue, quorate.Message
	}
	return out
}

// job reads one Job of an object, and what its pods tell. A Job of that name that is
// not the object's own counts as running: nothing is started beside it.
func (o *Observer) job(ctx context.Context, b client.Object, name string) (*batchv1.Job, backup.Job, error) {
	job := &batchv1.Job{}
	err := o.Cached.Get(ctx, types.NamespacedName{Namespace: b.GetNamespace(), Name: name}, job)
	if apierrors.IsNotFound(err) {
		return nil, backup.Job{}, nil
	}
	if err != nil {
		return nil, backup.Job{}, fmt.Errorf("read Job %s: %w", name, err)
	}
	if !metav1.IsControlledBy(job, b) {
		return nil, backup.Job{State: backup.JobRunning, Trouble: fmt.Sprintf("there is a Job %s of somebody else; delete it", name)}, nil
	}
	out := backup.Job{State: backup.JobRunning, Ending: job.DeletionTimestamp != nil, Attempts: int(job.Status.Failed)}
	for _, c := range job.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			out.State = backup.JobSucceeded
		case batchv1.JobFailed:
			out.State, out.Cause = backup.JobFailed, c.Reason
		}
	}
	if err := o.jobPods(ctx, job, &out); err != nil {
		return nil, backup.Job{}, err
	}
	return job, out, nil
}

// jobPods adds what a Job's pods tell. One that has ended well counts before the Job
// says so, which takes it a second, unless another is still there to change something.
func (o *Observer) jobPods(ctx context.Context, job *batchv1.Job, out *backup.Job) error {
	pods := &corev1.PodList{}
	if err := o.Cached.List(ctx, pods, client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.JobNameLabel: job.Name}); err != nil {
		return fmt.Errorf("list the pods of Job %s: %w", job.Name, err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	var well *corev1.Pod
	busy := false
	for i := range pods.Items {
		pod := &pods.Items[i]
		if !metav1.IsControlledBy(pod, job) {
			continue // of an earlier Job of this name
		}
		if r := result(pod); r != nil {
			out.Result = r
		}
		out.Trouble = ""
		switch pod.Status.Phase {
		case corev1.PodSucceeded:
			well = pod
		case corev1.PodRunning:
			busy = true
		case corev1.PodPending:
			busy = true
			var err error
			if out.Trouble, err = o.jobTrouble(ctx, pod); err != nil {
				return err
			}
		}
	}
	if well != nil {
		out.Result, out.Trouble = result(well), ""
	}
	if well != nil && !busy && out.State == backup.JobRunning {
		out.State = backup.JobSucceeded
	}
	return nil
}

// jobTrouble says why a pod of a Job does not start.
func (o *Observer) jobTrouble(ctx context.Context, pod *corev1.Pod) (string, error) {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if w := status.State.Waiting; w != nil && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
			return strings.TrimSuffix(fmt.Sprintf("container %s: %s: %s", status.Name, w.Reason, w.Message), ": "), nil
		}
	}
	if message := unschedulable(pod); message != "" {
		return "no node takes it: " + message, nil
	}
	if pod.Spec.NodeName == "" || o.Now().Sub(pod.CreationTimestamp.Time) < patience {
		return "", nil
	}
	return o.warning(ctx, pod, "Pod", func(e corev1.Event) bool {
		return e.Reason == "FailedMount" || e.Reason == "FailedAttachVolume" || e.Reason == "FailedCreatePodSandBox"
	})
}

// result is what a pod's containers have told: the first that failed, otherwise the
// last.
func result(pod *corev1.Pod) *snapshot.Result {
	var told *snapshot.Result
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		end := status.State.Terminated
		if end == nil {
			continue
		}
		r, err := snapshot.DecodeResult([]byte(end.Message))
		switch {
		case end.ExitCode != 0 && err != nil:
			return &snapshot.Result{Message: fmt.Sprintf("container %s ended with code %d (%s) and told nothing", status.Name, end.ExitCode, end.Reason)}
		case end.ExitCode != 0:
			return &r
		case err == nil && (r.Manifest != nil || r.Plain != nil || r.Command == lookedThrough):
			told = &r
		}
	}
	return told
}

// storeSecrets says which Secret, or key of one, is missing.
func (o *Observer) storeSecrets(ctx context.Context, namespace string, store v1alpha1.BackupStore, encryption *v1alpha1.BackupEncryption, keys ...string) (string, error) {
	wanted := map[string][][]string{}
	if name := store.SecretName; name != "" {
		wanted[name] = append(wanted[name], storeKeys(store.URL)...)
	}
	if encryption != nil {
		for _, key := range keys {
			wanted[encryption.SecretName] = append(wanted[encryption.SecretName], []string{key})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		secret, err := o.Secrets.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name})
		if err != nil {
			return "", err
		}
		if secret == nil {
			return fmt.Sprintf("There is no Secret %q in this namespace", name), nil
		}
		for _, anyOf := range wanted[name] {
			if !slices.ContainsFunc(anyOf, func(key string) bool { return len(secret.Data[key]) > 0 }) {
				o.Secrets.Forget(types.NamespacedName{Namespace: namespace, Name: name})
				return fmt.Sprintf("Secret %q lacks the key %s", name, strings.Join(anyOf, " or ")), nil
			}
		}
	}
	return "", nil
}

// storeKeys are the keys that a store's Secret must have, of each group one.
func storeKeys(url string) [][]string {
	switch scheme, _, _ := strings.Cut(url, "://"); scheme {
	case "s3":
		return [][]string{{"access-key-id"}, {"secret-access-key"}}
	case "gs":
		return [][]string{{"service-account.json"}}
	case "azblob":
		return [][]string{{"account-name"}, {"account-key", "sas-token"}}
	}
	return nil
}
