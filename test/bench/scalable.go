package main

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// scalable is an EtcdCluster whose size changes.
type scalable struct {
	b      *bench
	object *v1alpha1.EtcdCluster
	// served is when it was first Ready.
	served time.Time
}

// scalable creates a cluster of that size and waits until it is settled.
func (b *bench) scalable(ctx context.Context, name string, members int32, edits ...func(*v1alpha1.EtcdCluster)) (*scalable, error) {
	cluster := ours{}.cluster(b)
	cluster.Name, cluster.Spec.Replicas = name, members
	for _, edit := range edits {
		edit(cluster)
	}
	if err := b.Create(ctx, cluster); err != nil {
		return nil, err
	}
	s := &scalable{b: b, object: cluster}
	var err error
	if s.served, err = s.settled(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *scalable) name() string { return s.object.Name }

func (s *scalable) member(ordinal int) string { return fmt.Sprintf("%s-%d", s.name(), ordinal) }

// resize asks for another size.
func (s *scalable) resize(ctx context.Context, members int32) error {
	base := s.object.DeepCopy()
	s.object.Spec.Replicas = members
	return s.b.Patch(ctx, s.object, client.MergeFrom(base))
}

// ready reports whether Quorate says so of this generation, with every voter there.
func (s *scalable) ready(ctx context.Context) (bool, error) {
	if err := s.b.Get(ctx, client.ObjectKeyFromObject(s.object), s.object); err != nil {
		return false, err
	}
	all := fmt.Sprintf("%d/%[1]d", s.object.Spec.Replicas)
	found := meta.FindStatusCondition(s.object.Status.Conditions, v1alpha1.ConditionReady)
	return found != nil && found.Status == metav1.ConditionTrue && found.ObservedGeneration == s.object.Generation &&
		s.object.Status.Quorum == all && s.object.Status.ReadyReplicas == s.object.Spec.Replicas, nil
}

// settled waits until Quorate says Ready, notes when, and then until only the
// pods and the claims of members of this size are left: not a Job's.
func (s *scalable) settled(ctx context.Context) (ready time.Time, err error) {
	err = await(ctx, fmt.Sprintf("%s is Ready with %d members", s.name(), s.object.Spec.Replicas), func() (bool, error) { return s.ready(ctx) })
	if err != nil {
		return ready, fmt.Errorf("%w; it says: %s", err, s.says())
	}
	ready = time.Now()
	return ready, await(ctx, "only the pods and claims of the members are left", func() (bool, error) {
		set := &appsv1.StatefulSet{}
		if err := s.b.Get(ctx, client.ObjectKeyFromObject(s.object), set); err != nil {
			return false, err
		}
		pods, claims, ours := &corev1.PodList{}, &corev1.PersistentVolumeClaimList{}, client.MatchingLabels{v1alpha1.LabelCluster: s.name(), "app.kubernetes.io/component": "member"}
		if err := s.b.List(ctx, pods, client.InNamespace(namespace), ours); err != nil {
			return false, err
		}
		if err := s.b.List(ctx, claims, client.InNamespace(namespace), ours); err != nil {
			return false, err
		}
		n := int(s.object.Spec.Replicas)
		return len(pods.Items) == n && len(claims.Items) == n && int(set.Status.ReadyReplicas) == n, nil
	})
}

// says is what the conditions say, for whoever must find out why it does not get ready.
func (s *scalable) says() (all string) {
	for _, c := range s.object.Status.Conditions {
		all += fmt.Sprintf("%s=%s (%s: %s); ", c.Type, c.Status, c.Reason, c.Message)
	}
	return all + "quorum " + s.object.Status.Quorum
}

// ids are the members' IDs by name.
func (s *scalable) ids() map[string]string {
	ids := map[string]string{}
	for _, m := range s.object.Status.Members {
		ids[m.Name] = m.ID
	}
	return ids
}

// lead moves leadership to a member, without telling the operator.
func (s *scalable) lead(ctx context.Context, member string) error {
	out, err := s.b.load(ctx, "lead", []string{s.name()}, "--endpoints="+service(s.name()), "--tls=/tls/"+s.name(), "lead", member)
	if err != nil {
		return fmt.Errorf("let %s lead: %w %s", member, err, out)
	}
	return nil
}
