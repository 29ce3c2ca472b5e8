package provision

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"github.com/quorate/quorate/hack/cluster/internal/storage"
)

const provisionedBy = "pv.kubernetes.io/provisioned-by"

// resizer grows the volume of a claim that asks for more than its volume has.
type resizer struct {
	client kubernetes.Interface
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
}

func newResizer(client kubernetes.Interface, claims cache.SharedInformer) (*resizer, error) {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](200*time.Millisecond, 10*time.Second)
	r := &resizer{client: client, queue: workqueue.NewTypedRateLimitingQueue(limiter)}
	enqueue := func(o any) {
		if c, ok := o.(*corev1.PersistentVolumeClaim); ok && wantsMore(c) {
			r.queue.Add(cache.MetaObjectToName(c))
		}
	}
	_, err := claims.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, o any) { enqueue(o) },
	})
	return r, err
}

// wantsMore is a cheap filter: whether the claim is bound and asks for more than it has.
func wantsMore(c *corev1.PersistentVolumeClaim) bool {
	have := c.Status.Capacity[corev1.ResourceStorage]
	return c.Status.Phase == corev1.ClaimBound && have.Cmp(c.Spec.Resources.Requests[corev1.ResourceStorage]) < 0
}

// run works until the context ends.
func (r *resizer) run(ctx context.Context) {
	go func() {
		<-ctx.Done()
		r.queue.ShutDown()
	}()
	for {
		key, stop := r.queue.Get()
		if stop {
			return
		}
		if err := r.grow(ctx, key); err != nil {
			klog.ErrorS(err, "Growing a volume failed; it is tried again", "claim", key)
			r.queue.AddRateLimited(key)
		} else {
			r.queue.Forget(key)
		}
		r.queue.Done(key)
	}
}

// grow enlarges file, device and filesystem, then tells Kubernetes; the kubelet concludes by raising the claim's
// capacity.
func (r *resizer) grow(ctx context.Context, key cache.ObjectName) error {
	claim, err := r.client.CoreV1().PersistentVolumeClaims(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	pv, err := r.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !wantsMore(claim) || pv.Spec.Local == nil || pv.Annotations[provisionedBy] != Name {
		return nil
	}
	want := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	dir, name := filepath.Split(pv.Spec.Local.Path)
	if err := (storage.Volume{Dir: filepath.Clean(dir), Name: name}).Grow(ctx, want.Value()); err != nil {
		return err
	}
	if err := r.raiseVolume(ctx, pv, want); err != nil {
		return err
	}
	return r.announce(ctx, claim)
}

func (r *resizer) raiseVolume(ctx context.Context, pv *corev1.PersistentVolume, want resource.Quantity) error {
	if have := pv.Spec.Capacity[corev1.ResourceStorage]; have.Cmp(want) >= 0 {
		return nil
	}
	pv = pv.DeepCopy()
	pv.Spec.Capacity[corev1.ResourceStorage] = want
	if _, err := r.client.CoreV1().PersistentVolumes().Update(ctx, pv, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("raise the capacity of %s: %w", pv.Name, err)
	}
	return nil
}

// announce sets the condition that the kubelet waits for.
func (r *resizer) announce(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	const pending = corev1.PersistentVolumeClaimFileSystemResizePending
	for _, c := range claim.Status.Conditions {
		if c.Type == pending && c.Status == corev1.ConditionTrue {
			return nil
		}
	}
	claim = claim.DeepCopy()
	claim.Status.Conditions = []corev1.PersistentVolumeClaimCondition{{
		Type: pending, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(),
		Message: "Waiting for the kubelet to conclude the resize of the volume on its node.",
	}}
	_, err := r.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("announce the resize of %s: %w", claim.Name, err)
	}
	return nil
}
