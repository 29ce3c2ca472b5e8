package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	kresource "k8s.io/apimachinery/pkg/api/resource"

	"github.com/quorate/quorate/api/v1alpha1"
)

// TestResizeInPlace: resources and labels change on the pods as they run. What
// no node can give stops at one member, and the spec's way back is the way on.
func TestResizeInPlace(t *testing.T) {
	t.Parallel()
	c := newSpace(t).readyEtcd("demo", 3)
	before := c.identities()
	c.change(requests("150m", "192Mi"), podLabel("team", "storage"))
	c.waitReady()
	for name, p := range c.pods() {
		given := p.Status.ContainerStatuses[0].Resources
		if given == nil || given.Requests.Cpu().String() != "150m" || given.Requests.Memory().String() != "192Mi" {
			t.Errorf("%s has %+v", name, given)
		}
		if p.Labels["team"] != "storage" || p.Status.ContainerStatuses[0].RestartCount != 0 {
			t.Errorf("%s has the labels %v, and was started %d times more", name, p.Labels, p.Status.ContainerStatuses[0].RestartCount)
		}
	}
	c.same(before)

	c.change(requests("5000", "192Mi"), podLabel("team", ""))
	c.waitStalled("Unschedulable", "correct the spec or set it back")
	if n := c.restarted(before); n != 1 {
		t.Errorf("%d members have restarted for what no node can give", n)
	}
	c.write("meanwhile", 10).verify()
	c.change(requests("100m", "256Mi"))
	c.waitReady()
	if n := c.restarted(before); n != 1 {
		t.Errorf("%d members have restarted in the end", n)
	}
	for name, p := range c.pods() {
		if team, there := p.Labels["team"]; there {
			t.Errorf("%s still has the label team=%s", name, team)
		}
	}
	c.sameEverywhere()
}

func requests(cpu, memory string) edit {
	return func(o *v1alpha1.EtcdCluster) {
		o.Spec.PodTemplate.Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: kresource.MustParse(cpu), corev1.ResourceMemory: kresource.MustParse(memory),
		}
	}
}

func podLabel(key, value string) edit {
	return func(o *v1alpha1.EtcdCluster) {
		o.Spec.PodTemplate.Metadata.Labels = map[string]string{key: value}
		if value == "" {
			o.Spec.PodTemplate.Metadata.Labels = nil
		}
	}
}
