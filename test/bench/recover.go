package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// measureRecovery destroys two of three volumes and applies an EtcdRestore: until the
// one that is left serves as three again, the other two having copied its database.
func (d *database) measureRecovery(ctx context.Context) error {
	s := d.cluster
	for ordinal := 1; ordinal < replicas; ordinal++ {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claimName(s.name(), ordinal), Namespace: namespace}}
		if err := d.b.Delete(ctx, claim); err != nil {
			return err
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: s.member(ordinal), Namespace: namespace}}
		if err := d.b.Delete(ctx, pod); err != nil {
			return err
		}
	}
	if err := await(ctx, "quorum is lost", func() (bool, error) {
		err := d.b.Get(ctx, client.ObjectKeyFromObject(s.object), s.object)
		return meta.IsStatusConditionFalse(s.object.Status.Conditions, v1alpha1.ConditionQuorate), err
	}); err != nil {
		return err
	}
	r := &v1alpha1.EtcdRestore{ObjectMeta: metav1.ObjectMeta{Name: "survivor", Namespace: namespace}}
	r.Spec = v1alpha1.EtcdRestoreSpec{ClusterName: s.name(), Source: v1alpha1.RestoreFromSurvivor}
	begun := time.Now()
	if err := d.b.Create(ctx, r); err != nil {
		return err
	}
	defer func() { _ = d.b.Delete(context.WithoutCancel(ctx), r) }()
	err := await(ctx, s.name()+" is recovered", func() (bool, error) {
		if err := d.b.Get(ctx, client.ObjectKeyFromObject(r), r); err != nil {
			return false, err
		}
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionComplete) {
			return false, nil
		}
		return s.ready(ctx)
	})
	took := time.Since(begun)
	if err != nil {
		return fmt.Errorf("%w; it says: %s", err, s.says())
	}
	figure("recover.survivor.seconds", took.Seconds(), "seconds", goal{})
	return d.b.checkVoters(ctx, s.name())
}
