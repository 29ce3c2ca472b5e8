package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup"
	"github.com/quorate/quorate/internal/backup/drill"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/snapshot"
)

// hashing is how long the members of a throw-away cluster may take to read all their
// keys.
const hashing = time.Minute

// drillCluster says how far a throw-away cluster is. One whose drill has ended is not
// asked any more.
func (o *Observer) drillCluster(ctx context.Context, c *v1alpha1.EtcdCluster, ended string) (*drill.Current, error) {
	at := &drill.Current{
		Begun:   drill.Begun{Name: c.Name, Started: c.CreationTimestamp.Time},
		Leaving: c.DeletionTimestamp != nil,
	}
	if resource.Restores(c) {
		at.Backup = c.Spec.Bootstrap.Restore.BackupName
	}
	if at.Leaving || c.Name == ended {
		return at, nil
	}
	at.Waiting = waitsFor(c)
	if c.Status.ClusterID == "" {
		failed, err := o.drillFailed(ctx, c)
		at.Failed = failed
		return at, err
	}
	ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != c.Generation {
		return at, nil
	}
	at.Serving = ready.LastTransitionTime.Time
	shown, waiting, err := o.drillData(ctx, c, at.Backup)
	at.Shown = shown
	if waiting != "" {
		at.Waiting = waiting
	}
	return at, err
}

// waitsFor is what a cluster says of itself.
func waitsFor(c *v1alpha1.EtcdCluster) string {
	stalled := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled != nil && stalled.Status == metav1.ConditionTrue {
		return stalled.Message
	}
	if ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return ""
}

// hopeless is what a Job says that no further attempt changes.
var hopeless = []snapshot.Reason{
	snapshot.Damaged, snapshot.WrongKey, snapshot.BadKey, snapshot.NoBackup, snapshot.BrokenManifest, snapshot.NotFound,
}

// drillFailed is why nothing will come of a cluster, where that is sure: its Job has
// failed for good, or what it asks for is not there or cannot be read. Whatever else
// it waits for may still come.
func (o *Observer) drillFailed(ctx context.Context, c *v1alpha1.EtcdCluster) (string, error) {
	_, job, err := o.job(ctx, c, resource.SendJobName(c))
	if err != nil {
		return "", err
	}
	if job.State == backup.JobFailed || job.Result != nil && slices.Contains(hopeless, job.Result.Reason) {
		_, _, failure := readThrough(job)
		return strings.TrimSuffix(failure, ".") + ".", nil
	}
	stalled := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Status != metav1.ConditionTrue {
		return "", nil
	}
	switch plan.Reason(stalled.Reason) {
	case plan.ReasonBackupMissing, plan.ReasonVersionStep:
		return stalled.Message, nil
	}
	return "", nil
}

// drillData asks the members of a throw-away cluster that serves. waiting says why
// they could not be asked; they are then asked again.
func (o *Observer) drillData(ctx context.Context, c *v1alpha1.EtcdCluster, name string) (shown *drill.Data, waiting string, err error) {
	shown = &drill.Data{Members: map[string]drill.Hash{}}
	if birth := c.Status.Birth; birth != nil && birth.Restore != nil {
		shown.Restored = birth.Restore.SHA256
	}
	b := &v1alpha1.EtcdBackup{}
	switch err := o.Cached.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: name}, b); {
	case apierrors.IsNotFound(err):
		return shown, "", nil
	case err != nil:
		return nil, "", fmt.Errorf("read EtcdBackup %s: %w", name, err)
	}
	shown.BackedUp = b.Status.SHA256
	promised := b.Status.HashKV
	if promised == nil {
		return shown, "", nil
	}
	shown.Promised = &drill.Hash{Revision: promised.Revision, CompactRevision: promised.CompactRevision, Hash: uint32(promised.Hash)}
	target, err := o.drillTarget(ctx, c)
	if err != nil {
		return nil, "", err
	}
	hashes, err := o.hashes(ctx, c, target, promised.Revision)
	switch {
	case errors.Is(err, etcdclient.ErrAhead):
		shown.Behind = true
	case errors.Is(err, etcdclient.ErrCompacted):
		shown.Compacted = true
	case err != nil:
		return nil, fmt.Sprintf("EtcdCluster %s serves, and its members cannot be asked for their hashes: %s.", c.Name, describe(err)), nil
	case len(hashes) < int(c.Spec.Replicas):
		return nil, fmt.Sprintf("EtcdCluster %s serves, and only %d of its %d members can be asked for their hashes.", c.Name, len(hashes), c.Spec.Replicas), nil
	}
	for endpoint, h := range hashes {
		shown.Members[endpoint] = drill.Hash{Revision: h.Revision, CompactRevision: h.CompactRevision, Hash: h.Hash}
	}
	return shown, "", nil
}

// hashes asks over connections of its own, which end: a throw-away cluster is asked
// once, and who watches it has others.
func (o *Observer) hashes(ctx context.Context, c *v1alpha1.EtcdCluster, target etcdclient.Target, revision int64) (map[string]etcdclient.HashKV, error) {
	ctx, cancel := context.WithTimeout(ctx, hashing)
	defer cancel()
	name := string(c.UID) + "/drill"
	defer o.Etcd.Drop(name)
	members, err := o.Etcd.Get(name, target, "")
	if err != nil {
		return nil, err
	}
	return members.HashKVs(ctx, revision)
}

// drillTarget is every member of a throw-away cluster that has an address.
func (o *Observer) drillTarget(ctx context.Context, c *v1alpha1.EtcdCluster) (etcdclient.Target, error) {
	var target etcdclient.Target
	scheme := "http"
	if !c.Spec.TLS.Disabled {
		scheme, target.ServerName = "https", resource.ClientHost(c)
		secret, err := o.Secrets.Get(ctx, types.NamespacedName{Namespace: c.Namespace, Name: pki.OperatorTLS.SecretName(c.Name)})
		if err != nil || secret == nil {
			return target, err
		}
		if target.TLS, err = pki.EtcdTLS(pki.Content(secret.Data)); err != nil {
			return target, fmt.Errorf("read the operator's client certificate of %s: %w", c.Name, err)
		}
	}
	pods := &corev1.PodList{}
	if err := o.Cached.List(ctx, pods, client.InNamespace(c.Namespace), client.MatchingLabels(resource.Selector(c.Name))); err != nil {
		return target, fmt.Errorf("list the pods of %s: %w", c.Name, err)
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.Status.PodIP != "" && !finished(pod) {
			target.Endpoints = append(target.Endpoints, scheme+"://"+net.JoinHostPort(pod.Status.PodIP, "2379"))
		}
	}
	return target, nil
}
