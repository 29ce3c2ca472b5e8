package e2e

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	kresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// etcdVersion is the release that the loaded member image embeds.
const etcdVersion = "3.7.3"

// cluster is one EtcdCluster of a test.
type cluster struct {
	*space
	name string
}

// edit changes a manifest before it is applied.
type edit func(*v1alpha1.EtcdCluster)

// manifest is the smallest EtcdCluster, with edits.
func manifest(name string, replicas int32, edits ...edit) *v1alpha1.EtcdCluster {
	size := kresource.MustParse("1Gi")
	c := &v1alpha1.EtcdCluster{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.EtcdClusterSpec{
			Replicas: replicas,
			Version:  etcdVersion,
			Storage:  v1alpha1.Storage{Size: &size},
		},
	}
	for _, e := range edits {
		e(c)
	}
	return c
}

// etcd creates an EtcdCluster and returns at once.
func (s *space) etcd(name string, replicas int32, edits ...edit) *cluster {
	s.t.Helper()
	s.create(manifest(name, replicas, edits...))
	return &cluster{s, name}
}

// readyEtcd creates an EtcdCluster and waits until it serves.
func (s *space) readyEtcd(name string, replicas int32, edits ...edit) *cluster {
	s.t.Helper()
	c := s.etcd(name, replicas, edits...)
	c.waitReady()
	return c
}

// operatedBy names the operator that shall act, "namespace/name".
func operatedBy(identity string) edit {
	return func(c *v1alpha1.EtcdCluster) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationOperator, identity)
	}
}

// whenDeleted sets what becomes of the volumes.
func whenDeleted(policy v1alpha1.RetentionPolicy) edit {
	return func(c *v1alpha1.EtcdCluster) { c.Spec.Storage.WhenDeleted = policy }
}

// object reads the EtcdCluster.
func (c *cluster) object() *v1alpha1.EtcdCluster {
	c.t.Helper()
	o := &v1alpha1.EtcdCluster{}
	c.read(c.name, o)
	return o
}

// change changes the EtcdCluster.
func (c *cluster) change(edits ...edit) {
	c.t.Helper()
	modify(c.space, c.name, &v1alpha1.EtcdCluster{}, func(o *v1alpha1.EtcdCluster) {
		for _, e := range edits {
			e(o)
		}
	})
}

// await waits until the EtcdCluster is as check wants it, and returns it.
func (c *cluster) await(what string, check func(*v1alpha1.EtcdCluster) error) *v1alpha1.EtcdCluster {
	c.t.Helper()
	o := &v1alpha1.EtcdCluster{}
	eventually(c.t, long, c.name+" "+what, func(ctx context.Context) error {
		if err := world.Get(ctx, c.key(c.name), o); err != nil {
			return err
		}
		if err := check(o); err != nil {
			return fmt.Errorf("%w; %s", err, conditionsText(o.Status.Conditions))
		}
		return nil
	})
	return o
}

// waitReady waits until this generation is served and settled: every member is
// a voter and ready, every claim is marked.
func (c *cluster) waitReady() *v1alpha1.EtcdCluster {
	c.t.Helper()
	return c.await("is Ready", ready)
}

func ready(o *v1alpha1.EtcdCluster) error {
	found := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case found == nil || found.Status != metav1.ConditionTrue:
		return fmt.Errorf("Ready is not True")
	case found.ObservedGeneration != o.Generation:
		return fmt.Errorf("Ready speaks of generation %d, not %d", found.ObservedGeneration, o.Generation)
	case o.Status.Quorum != fmt.Sprintf("%d/%d", o.Spec.Replicas, o.Spec.Replicas):
		return fmt.Errorf("quorum is %q", o.Status.Quorum)
	case o.Status.Leader == "":
		return fmt.Errorf("no leader is known")
	case found.Reason != string(plan.ReasonSteady):
		return fmt.Errorf("Ready has the reason %s", found.Reason)
	}
	return nil
}

// waitCondition waits for a condition whose message contains every phrase.
func (c *cluster) waitCondition(kind string, status metav1.ConditionStatus, reason string, phrases ...string) *v1alpha1.EtcdCluster {
	c.t.Helper()
	what := fmt.Sprintf("has %s=%s with reason %q saying %q", kind, status, reason, phrases)
	return c.await(what, func(o *v1alpha1.EtcdCluster) error {
		found := meta.FindStatusCondition(o.Status.Conditions, kind)
		if found == nil || found.Status != status || reason != "" && found.Reason != reason {
			return fmt.Errorf("it is not so")
		}
		for _, p := range phrases {
			if !strings.Contains(found.Message, p) {
				return fmt.Errorf("the message of %s lacks %q", kind, p)
			}
		}
		return nil
	})
}

// conditionAt returns an error unless the condition is so for that generation.
func conditionAt(o *v1alpha1.EtcdCluster, generation int64, kind string, status metav1.ConditionStatus, reason string) error {
	found := meta.FindStatusCondition(o.Status.Conditions, kind)
	if found == nil || found.Status != status || found.Reason != reason || found.ObservedGeneration < generation {
		return fmt.Errorf("%s is not %s with reason %s at generation %d", kind, status, reason, generation)
	}
	return nil
}

// waitStalled waits until the cluster says that it cannot go on, and why.
func (c *cluster) waitStalled(reason string, phrases ...string) *v1alpha1.EtcdCluster {
	c.t.Helper()
	return c.waitCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, reason, phrases...)
}

// memberIDs are the members' IDs by name, as the status tells them.
func memberIDs(o *v1alpha1.EtcdCluster) map[string]string {
	ids := map[string]string{}
	for _, m := range o.Status.Members {
		ids[m.Name] = m.ID
	}
	return ids
}

// members are the names that the members' pods have.
func (c *cluster) members() []string {
	c.t.Helper()
	names := make([]string, c.object().Spec.Replicas)
	for i := range names {
		names[i] = c.member(i)
	}
	return names
}

func (c *cluster) member(ordinal int) string { return fmt.Sprintf("%s-%d", c.name, ordinal) }

func (c *cluster) claim(ordinal int) string {
	return fmt.Sprintf("%s-%d", c.claimsBegin(), ordinal)
}

// claimsBegin is what the names of the claims begin with that the cluster lives on.
func (c *cluster) claimsBegin() string {
	o := &v1alpha1.EtcdCluster{}
	_ = world.Get(bounded(c.t), c.space.key(c.name), o) // without one it is the first epoch
	return resource.ClaimName(resource.Epoch(o), etcd.PodName(c.name))
}

// pods are the member pods that exist, by name.
func (c *cluster) pods() map[string]corev1.Pod {
	c.t.Helper()
	list := &corev1.PodList{}
	if err := world.List(bounded(c.t), list, client.InNamespace(c.space.name), client.MatchingLabels(resource.Selector(c.name))); err != nil {
		c.t.Fatalf("list the pods of %s: %v", c.name, err)
	}
	pods := map[string]corev1.Pod{}
	for _, p := range list.Items {
		pods[p.Name] = p
	}
	return pods
}

// volumes are the names of the bound volumes, by claim.
func (c *cluster) volumes() map[string]string {
	c.t.Helper()
	bound := map[string]string{}
	for i := range c.members() {
		claim := &corev1.PersistentVolumeClaim{}
		c.read(c.claim(i), claim)
		if claim.Status.Phase != corev1.ClaimBound {
			c.t.Fatalf("claim %s is %s", claim.Name, claim.Status.Phase)
		}
		bound[claim.Name] = claim.Spec.VolumeName
	}
	return bound
}
