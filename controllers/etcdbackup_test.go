package controllers

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	builders "github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// backups is a formed cluster, and the controller that backs it up. What runs in
// Jobs is told by the test: there is no kubelet.
type backups struct {
	*formed
	controller *EtcdBackupReconciler
	b          *v1alpha1.EtcdBackup
}

func newBackups(t *testing.T, change func(*v1alpha1.EtcdBackup)) *backups {
	t.Helper()
	f := newFormed(t, 3, nil)
	b := &v1alpha1.EtcdBackup{}
	b.Namespace, b.Name = f.c.Namespace, "nightly"
	b.Spec.ClusterName = f.c.Name
	b.Spec.Store = v1alpha1.BackupStore{URL: "s3://bucket/prefix", SecretName: "s3"}
	if change != nil {
		change(b)
	}
	create(t, b)
	return &backups{f, &EtcdBackupReconciler{
		Client: f.Client, Observer: f.Observer, Actor: f.Actor, Recorder: f.Recorder,
	}, b}
}

// look lets the controller work until it has nothing more to do, and reads the backup.
func (s *backups) look() *v1alpha1.EtcdBackup {
	s.t.Helper()
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.b)}
	for range 6 {
		if _, err := s.controller.Reconcile(s.t.Context(), request); err != nil {
			s.t.Fatal(err)
		}
	}
	b := &v1alpha1.EtcdBackup{}
	if err := apiServer.Get(s.t.Context(), request.NamespacedName, b); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		s.t.Fatal(err)
	}
	return b
}

func (s *backups) says(kind string, status metav1.ConditionStatus, reason, words string) *v1alpha1.EtcdBackup {
	s.t.Helper()
	b := s.look()
	c := meta.FindStatusCondition(b.Status.Conditions, kind)
	if c == nil || c.Status != status || c.Reason != reason || !strings.Contains(c.Message, words) {
		s.t.Fatalf("%s is %+v, want %s %s saying %q", kind, c, status, reason, words)
	}
	return b
}

func (s *backups) credentials() {
	s.t.Helper()
	secret := &corev1.Secret{Data: map[string][]byte{"access-key-id": []byte("id"), "secret-access-key": []byte("CANARY")}}
	secret.Namespace, secret.Name = s.c.Namespace, "s3"
	create(s.t, secret)
}

// ends has the Job of a name end, with what its containers tell.
func (s *backups) ends(name string, well bool, told snapshot.Result) {
	s.t.Helper()
	endJob(s.t, client.ObjectKey{Namespace: s.c.Namespace, Name: name}, well, told)
}

func endJob(t *testing.T, key client.ObjectKey, well bool, told snapshot.Result) {
	t.Helper()
	phase := corev1.PodSucceeded
	if !well {
		phase = corev1.PodFailed
	}
	job, _ := madePod(t, key, phase, told)
	now := metav1.Now()
	job.Status.StartTime = &now
	conditions := []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete}
	if well {
		job.Status.CompletionTime = &now
	} else {
		conditions = []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed}
	}
	for _, c := range conditions {
		job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: c, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	if err := apiServer.Status().Update(t.Context(), job); err != nil {
		t.Fatal(err)
	}
}

// madePod gives a Job a pod that runs, or has ended and told; of which the Job does not
// tell yet.
func madePod(t *testing.T, key client.ObjectKey, phase corev1.PodPhase, told snapshot.Result) (*batchv1.Job, *corev1.Pod) {
	t.Helper()
	job := &batchv1.Job{}
	get(t, key, job)
	pod := &corev1.Pod{Spec: job.Spec.Template.Spec}
	pod.Namespace, pod.GenerateName = job.Namespace, job.Name+"-"
	pod.Labels = maps.Clone(job.Spec.Template.Labels)
	pod.Labels[batchv1.JobNameLabel] = job.Name
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}
	create(t, pod)
	message, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	state := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: string(message)}}
	switch phase {
	case corev1.PodFailed:
		state.Terminated.ExitCode = 1
	case corev1.PodRunning:
		state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	}
	pod.Status.Phase = phase
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "any", State: state}}
	if err := apiServer.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	return job, pod
}

func made() snapshot.Result {
	return snapshot.Result{Manifest: &snapshot.Manifest{
		Revision: 42, Verification: snapshot.VerificationHash, EtcdVersion: "3.7.3", DurationMillis: 1500, SavedMillis: 800, ReadBackMillis: 600,
		Cluster: snapshot.Cluster{ID: "c1"}, Plain: snapshot.Content{Size: 24 << 20, SHA256: "abc"}, Stored: snapshot.Content{Size: 1 << 20},
	}}
}

// A backup waits for what it needs, is made by one Job, and tells what was made; from
// then on it costs no write.
func TestBackup(t *testing.T) {
	t.Parallel()
	s := newBackups(t, nil)
	s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "SecretInvalid", `no Secret "s3"`)
	s.credentials()
	b := s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "s3://bucket/prefix/"+s.c.Namespace+"/"+s.c.Name+"/nightly")
	if b.Status.StartedAt == nil || b.Status.Operator != s.Observer.Self {
		t.Errorf("it has not begun: %+v", b.Status)
	}
	job := &batchv1.Job{}
	get(t, client.ObjectKey{Namespace: b.Namespace, Name: builders.SaveJobName(b.Name)}, job)
	if text, err := json.Marshal(job); err != nil || strings.Contains(string(text), "CANARY") {
		t.Errorf("the Job has the credentials: %v", err)
	}
	s.ends(job.Name, true, made())
	b = s.says(v1alpha1.ConditionComplete, metav1.ConditionTrue, "Complete", "revision 42")
	if b.Status.Revision != 42 || b.Status.Size != "24.0MiB" || b.Status.Verified != v1alpha1.VerificationHash || b.Status.Duration != "1.5s" || b.Status.SavedIn != "800ms" || b.Status.ReadBackIn != "600ms" || b.Status.CompletedAt == nil {
		t.Errorf("the status is %+v", b.Status)
	}
	before := s.writes.Load()
	s.look()
	if n := s.writes.Load() - before; n != 0 {
		t.Errorf("a backup that is complete cost %d writes", n)
	}
	// It outlives its cluster and its Job.
	for _, o := range []client.Object{job, fresh(t, s.c)} {
		if err := apiServer.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
	}
	if again := s.look(); again.ResourceVersion != b.ResourceVersion {
		t.Errorf("without its cluster it became %+v", again.Status)
	}
}

// What a Job's pod has done well counts before its Job says so, once no other pod of it
// runs; that one has failed does not, for the Job may try again.
func TestBackupEndsWithItsPod(t *testing.T) {
	t.Parallel()
	s := newBackups(t, nil)
	s.credentials()
	s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	job := client.ObjectKey{Namespace: s.c.Namespace, Name: builders.SaveJobName("nightly")}
	madePod(t, job, corev1.PodFailed, snapshot.Result{Reason: "BadCredentials", Message: "the store refuses the credentials"})
	s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	_, other := madePod(t, job, corev1.PodRunning, snapshot.Result{})
	madePod(t, job, corev1.PodSucceeded, made())
	s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	other.Status.Phase = corev1.PodFailed
	if err := apiServer.Status().Update(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	s.says(v1alpha1.ConditionComplete, metav1.ConditionTrue, "Complete", "revision 42")
}

// A Job that fails says why, and nothing is tried again behind a person's back.
func TestBackupFails(t *testing.T) {
	t.Parallel()
	s := newBackups(t, nil)
	s.credentials()
	s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	s.ends(builders.SaveJobName("nightly"), false, snapshot.Result{Reason: "BadCredentials", Message: "the store refuses the credentials"})
	s.says(v1alpha1.ConditionFailed, metav1.ConditionTrue, "BadCredentials", "The store refuses the credentials. Mend the cause")
	job := &batchv1.Job{}
	get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: builders.SaveJobName("nightly")}, job)
	if err := apiServer.Delete(t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	b := s.says(v1alpha1.ConditionFailed, metav1.ConditionTrue, "BadCredentials", "")
	if err := apiServer.Get(t.Context(), client.ObjectKeyFromObject(job), job); !apierrors.IsNotFound(err) {
		t.Errorf("another Job was made for %+v: %v", b.Status, err)
	}
}

// Data that goes with its object is deleted by a Job before the object goes.
func TestBackupDeleted(t *testing.T) {
	t.Parallel()
	s := newBackups(t, func(b *v1alpha1.EtcdBackup) { b.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	s.credentials()
	b := s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	if len(b.Finalizers) != 1 {
		t.Fatalf("the finalizers are %v", b.Finalizers)
	}
	s.ends(builders.SaveJobName("nightly"), true, made())
	s.look()
	if err := apiServer.Delete(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	s.says(v1alpha1.ConditionDataDeleted, metav1.ConditionFalse, "DeletingData", "is being deleted")
	s.ends(builders.EraseJobName("nightly"), false, snapshot.Result{Message: "the store is read-only"})
	s.says(v1alpha1.ConditionDataDeleted, metav1.ConditionFalse, "DeletingData", "the store is read-only")
	job := &batchv1.Job{}
	get(t, client.ObjectKey{Namespace: s.c.Namespace, Name: builders.EraseJobName("nightly")}, job)
	removeJob(t, job)
	s.says(v1alpha1.ConditionDataDeleted, metav1.ConditionFalse, "DeletingData", "is being deleted")
	s.ends(job.Name, true, snapshot.Result{})
	if left := s.look(); left != nil {
		t.Errorf("it is still there: %+v", left.Status)
	}
}

// Without its Secret the data cannot be deleted: the object goes all the same.
func TestBackupDeletedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	s := newBackups(t, func(b *v1alpha1.EtcdBackup) { b.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	s.credentials()
	b := s.says(v1alpha1.ConditionComplete, metav1.ConditionFalse, "Running", "")
	s.ends(builders.SaveJobName("nightly"), true, made())
	s.look()
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = s.c.Namespace, "s3"
	if err := apiServer.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	s.Observer.Secrets.Forget(client.ObjectKeyFromObject(secret))
	if err := apiServer.Delete(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if left := s.look(); left != nil {
		t.Errorf("it is still there: %+v", left.Status)
	}
}

// Another operator's backup is left alone.
func TestBackupOfAnotherOperator(t *testing.T) {
	t.Parallel()
	s := newBackups(t, nil)
	s.credentials()
	other := newOperator("system/b")
	controller := &EtcdBackupReconciler{Client: other.Client, Observer: other.Observer, Actor: other.Actor, Recorder: other.Recorder}
	if _, err := controller.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(s.b)}); err != nil {
		t.Fatal(err)
	}
	if n := other.writes.Load(); n != 0 {
		t.Errorf("the other operator wrote %d times", n)
	}
}

func podsOf(t *testing.T, job *batchv1.Job) *corev1.PodList {
	t.Helper()
	pods := &corev1.PodList{}
	if err := apiServer.List(t.Context(), pods, client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.JobNameLabel: job.Name}); err != nil {
		t.Fatal(err)
	}
	return pods
}

func create(t *testing.T, o client.Object) {
	t.Helper()
	if err := apiServer.Create(t.Context(), o); err != nil {
		t.Fatalf("create %T: %v", o, err)
	}
}
