package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// ours is an EtcdCluster.
type ours struct{}

func (ours) name() string { return "quorate" }

func (o ours) cluster(b *bench) *v1alpha1.EtcdCluster {
	return &v1alpha1.EtcdCluster{
		ObjectMeta: metav1.ObjectMeta{Name: o.name(), Namespace: namespace},
		Spec: v1alpha1.EtcdClusterSpec{
			Replicas: replicas,
			Version:  b.options.etcdVersion,
			Storage: v1alpha1.Storage{
				Size: ptr.To(resource.MustParse(size)), WhenDeleted: v1alpha1.RetentionDelete,
			},
		},
	}
}

func (ours) prepare(context.Context, *bench) error { return nil }

// create waits for both words: the operator's, which asked the cluster over
// mTLS, and the kubelets'.
func (o ours) create(ctx context.Context, b *bench) error {
	cluster := o.cluster(b)
	if err := b.Create(ctx, cluster); err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(cluster)
	return await(ctx, "the EtcdCluster and its three pods are Ready", func() (bool, error) {
		if err := b.Get(ctx, key, cluster); err != nil {
			return false, err
		}
		ready := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != cluster.Generation {
			return false, nil
		}
		set := &appsv1.StatefulSet{}
		if err := b.Get(ctx, key, set); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		return set.Status.ReadyReplicas == replicas, nil
	})
}

func (o ours) remove(ctx context.Context, b *bench) error {
	cluster := o.cluster(b)
	return client.IgnoreNotFound(b.Delete(ctx, cluster, client.PropagationPolicy(metav1.DeletePropagationBackground)))
}

// bare is a StatefulSet of plain etcd, as one writes it by hand: the same
// TLS, the same volumes, all pods at once, asked every second.
type bare struct{}

func (bare) name() string { return "bare" }

// prepare makes the certificates, which plain etcd must be given.
func (o bare) prepare(ctx context.Context, b *bench) error {
	secrets, err := bareSecrets(o.name())
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		if err := client.IgnoreAlreadyExists(b.Create(ctx, secret)); err != nil {
			return err
		}
	}
	return nil
}

func (o bare) create(ctx context.Context, b *bench) error {
	set := bareStatefulSet(o.name(), b.options.etcdImage, replicas)
	for _, object := range []client.Object{barePeers(o.name()), bareClient(o.name()), set} {
		if err := b.Create(ctx, object); err != nil {
			return err
		}
	}
	return await(ctx, "the bare StatefulSet's three pods are Ready", func() (bool, error) {
		err := b.Get(ctx, client.ObjectKeyFromObject(set), set)
		return set.Status.ReadyReplicas == replicas, err
	})
}

func (o bare) remove(ctx context.Context, b *bench) error {
	objects := []client.Object{bareStatefulSet(o.name(), "", replicas), barePeers(o.name()), bareClient(o.name())}
	for i := range replicas {
		objects = append(objects, &corev1.PersistentVolumeClaim{ObjectMeta: bareMeta(claimName(o.name(), i), o.name())})
	}
	for _, object := range objects {
		err := b.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
