package e2e

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// TestOperatorUpgrade: another operator, which renders members otherwise, makes
// the template anew and restarts nobody. A restart for another cause brings it.
func TestOperatorUpgrade(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	op := s.operator()
	c := s.readyEtcd("demo", 3, operatedBy(op.identity()))
	keys := c.write("before", 20)
	before := c.identities()
	op.stop()
	op.change(runs(faultsImage), flag("--member-image=mirror.example/member:{version}"))
	op.start()
	eventually(t, long, "the template is another one", func(context.Context) error {
		set := &appsv1.StatefulSet{}
		c.read(c.name, set)
		if image := set.Spec.Template.Spec.Containers[0].Image; image != "mirror.example/member:"+etcdVersion {
			return fmt.Errorf("its image is %s", image)
		}
		return nil
	})
	c.settled(c.waitReady())
	c.scaleTo(1) // so that it has had to act
	c.waitReady()
	if p := c.pods()[c.member(0)]; p.UID != before.pods[c.member(0)] || p.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("the pod is %s, it was %s, and its container was started %d times more", p.UID, before.pods[c.member(0)], p.Status.ContainerStatuses[0].RestartCount)
	}
	keys.verify()
}
