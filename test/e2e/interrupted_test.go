package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestScaleInterrupted: the spec changes its mind while the cluster is scaled
// out and in, the operator dies meanwhile, and the pod and the claim of the
// member that is just joining are deleted by hand. Each time the cluster ends
// as the spec says, and no write is given up or lost.
func TestScaleInterrupted(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator()
	c := s.readyEtcd("demo", 1, operatedBy(op.identity()))
	l := c.load(relaxed)

	l.phase("1 to 5, then 3")
	c.scaleTo(5)
	c.underway("scaling out", func(o *v1alpha1.EtcdCluster) bool { return len(o.Status.Members) > 2 })
	c.scaleTo(3)
	c.settled(c.waitReady())

	l.phase("3 to 5, the operator dies, then 1")
	c.scaleTo(5)
	c.underway("joining a member", joining)
	op.dies()
	c.scaleTo(1)
	c.settled(c.waitReady())

	l.phase("1 to 3, the joining pod is deleted")
	c.scaleTo(3)
	c.deletePodOf(c.underway("joining a member", joining))
	c.settled(c.waitReady())

	l.phase("3 to 5, the joining claim is deleted")
	c.scaleTo(5)
	name := newcomer(c.underway("joining a member", joining))
	c.awaitPod(name, "is there", func(*corev1.Pod) error { return nil }) // and its claim before it
	kubectl(t, "-n", s.name, "delete", "pvc", "data-"+name, "--wait=false")
	kubectl(t, "-n", s.name, "delete", "pod", name, "--wait=false")
	c.settled(c.waitReady())

	l.phase("5 to 1, then 3")
	c.scaleTo(1)
	c.underway("scaling in", func(o *v1alpha1.EtcdCluster) bool { return voterCount(o) < 5 })
	c.scaleTo(3)
	c.settled(c.waitReady())
	l.finish()
}

// underway waits until the cluster is in the midst of something.
func (c *cluster) underway(what string, is func(*v1alpha1.EtcdCluster) bool) *v1alpha1.EtcdCluster {
	c.t.Helper()
	return c.await("is "+what, func(o *v1alpha1.EtcdCluster) error {
		if is(o) {
			return nil
		}
		return fmt.Errorf("members %v", o.Status.Members)
	})
}

// joining: there is a pod that is no voter yet.
func joining(o *v1alpha1.EtcdCluster) bool { return newcomer(o) != "" }

// newcomer is the first member that is not a voter yet.
func newcomer(o *v1alpha1.EtcdCluster) string {
	for _, m := range o.Status.Members {
		if m.Role == v1alpha1.RoleJoining || m.Role == v1alpha1.RoleLearner {
			return m.Name
		}
	}
	return ""
}

func voterCount(o *v1alpha1.EtcdCluster) (n int) {
	for _, m := range o.Status.Members {
		if m.Role == v1alpha1.RoleLeader || m.Role == v1alpha1.RoleVoter {
			n++
		}
	}
	return n
}

// deletePodOf deletes the pod of the newcomer at once.
func (c *cluster) deletePodOf(o *v1alpha1.EtcdCluster) {
	c.t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: newcomer(o)}}
	eventually(c.t, medium, "pod "+pod.Name+" is deleted", func(ctx context.Context) error {
		pod.Namespace = c.space.name
		return world.Delete(ctx, pod, client.GracePeriodSeconds(0))
	})
}

// dies deletes the operator's pod at once; its Deployment makes another.
func (op *operator) dies() {
	op.t.Helper()
	pods, err := op.ownPods(bounded(op.t))
	if err == nil && len(pods) == 0 {
		err = errors.New("it does not run")
	}
	if err != nil {
		op.t.Fatalf("end the operator: %v", err)
	}
	for i := range pods {
		op.remove(&pods[i], client.GracePeriodSeconds(0))
	}
}
