package act

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/resource"
)

// found reads an object from the API server itself.
func (a *Actor) found(ctx context.Context, key client.ObjectKey, into client.Object) (bool, error) {
	err := a.Live.Get(ctx, key, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %T %s: %w", into, key.Name, err)
	}
	return true, nil
}

// livePod returns the very pod that was seen of a member; nil when there is
// none. Another one of its name may hold another member.
func (a *Actor) livePod(ctx context.Context, s *Situation, name etcd.MemberName) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	found, err := a.found(ctx, client.ObjectKey{Namespace: s.Cluster.Namespace, Name: string(name)}, pod)
	if err != nil || !found {
		return nil, err
	}
	if seen := s.Pods[name]; seen == nil || seen.UID != pod.UID {
		return nil, fmt.Errorf("pod %s is not the one that was seen", name)
	}
	return pod, nil
}

// liveClaim returns the very claim that was seen of a member; nil when there
// is none. Another one of its name has another volume below it.
func (a *Actor) liveClaim(ctx context.Context, s *Situation, name etcd.MemberName) (*corev1.PersistentVolumeClaim, error) {
	key := client.ObjectKey{Namespace: s.Cluster.Namespace, Name: resource.ClaimName(resource.Epoch(s.Cluster), etcd.PodName(name))}
	claim := &corev1.PersistentVolumeClaim{}
	found, err := a.found(ctx, key, claim)
	if err != nil || !found {
		return nil, err
	}
	if seen := s.Claims[name]; seen == nil || seen.UID != claim.UID {
		return nil, fmt.Errorf("claim %s is not the one that was seen", key.Name)
	}
	return claim, nil
}

// liveSet returns this cluster's StatefulSet.
func (a *Actor) liveSet(ctx context.Context, s *Situation) (*appsv1.StatefulSet, error) {
	set := &appsv1.StatefulSet{}
	found, err := a.found(ctx, client.ObjectKeyFromObject(s.Cluster), set)
	if err != nil {
		return nil, err
	}
	if ref := metav1.GetControllerOf(set); !found || ref == nil || ref.UID != s.Cluster.UID || set.DeletionTimestamp != nil {
		return nil, fmt.Errorf("the cluster has no StatefulSet at the moment")
	}
	return set, nil
}

// exactly deletes the object as it was read, and nothing that has changed or
// come in its place since.
func (a *Actor) exactly(ctx context.Context, o client.Object, more ...client.DeleteOption) error {
	uid, version := o.GetUID(), o.GetResourceVersion()
	options := append(more, client.Preconditions{UID: &uid, ResourceVersion: &version})
	if err := a.Client.Delete(ctx, o, options...); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %s: %w", o.GetName(), err)
	}
	return nil
}
