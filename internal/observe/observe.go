package observe

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/backup/series"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// Observer reads everything that a decision about one cluster depends on.
type Observer struct {
	// Cached is the label-restricted cache, Live the API server itself.
	Cached, Live client.Reader
	Secrets      *Secrets
	Agents       *dial.Pool
	Etcd         *etcdclient.Pool
	// Issued remembers the Certificates that were in order; nil remembers none.
	Issued *Issued
	// Renderer says what objects a cluster shall have.
	Renderer resource.Renderer
	// Domains are the cluster domains that certificates shall cover.
	Domains []string
	// Cordoned finds the nodes that are cordoned, and may find others; nil where
	// nodes may not be watched.
	Cordoned client.Reader
	// Self is this operator, "namespace/name".
	Self string
	Now  func() time.Time
	// compared is where objects are read from that are only compared with what
	// they shall be; nil for Cached.
	compared client.Reader
}

// Confirming returns an observer that takes the API server's own word for all
// that a membership rests on: the spec, the record, pods, claims, endpoints and
// the StatefulSet. What is merely compared with what it shall be still comes from
// the cache: a Service that is behind only makes another decision, or none.
func (o *Observer) Confirming() *Observer {
	confirming := *o
	confirming.Cached, confirming.compared = o.Live, o.Cached
	return &confirming
}

// Sight is one observation and what acting on it needs.
type Sight struct {
	Desired     plan.Desired
	Observation plan.Observation
	// Agents says how each member's agent is reached.
	Agents map[etcd.MemberName]dial.Agent
	// Pods and Claims are the live objects by member.
	Pods   map[etcd.MemberName]*corev1.Pod
	Claims map[etcd.MemberName]*corev1.PersistentVolumeClaim
	// Wanted are the objects that the cluster shall have.
	Wanted []client.Object
	// Next is the StatefulSet that follows the spec; nil when the live one does.
	Next *appsv1.StatefulSet
	// From is the backup to begin with; nil when there is none, or it is not known.
	From *resource.RestoreFrom
	// Restore is the EtcdRestore of the observation's Request; nil for none.
	Restore *v1alpha1.EtcdRestore
	// Restores are all of the cluster, oldest first.
	Restores []v1alpha1.EtcdRestore
	// Secrets is what the cluster's Secrets hold, PKI its plan for them.
	Secrets map[pki.Kind]pki.Content
	PKI     pki.Plan
	// Etcd asks the cluster again; nil when no member was there to answer.
	Etcd etcdclient.Changer
	// Backups is how the cluster's backups are.
	Backups series.Health
	// set is the StatefulSet of the cluster's name, whoever owns it; nil when
	// there is none.
	set *appsv1.StatefulSet
	// Expires is until when former volumes are kept, the first of them; zero: none is.
	Expires time.Time
	// NextCheck is when certificates want to be looked at again; zero: never.
	NextCheck time.Time
}

// Observe reads one cluster. An error means that Kubernetes could not be read;
// members that cannot be reached are part of the observation.
func (o *Observer) Observe(ctx context.Context, cluster *v1alpha1.EtcdCluster) (*Sight, error) {
	s := &Sight{
		Desired: desired(cluster, o.Now()),
		Observation: plan.Observation{
			Deleting: cluster.DeletionTimestamp != nil,
			Self:     o.Self,
			Record:   record(cluster),
		},
	}
	if s.Observation.Deleting || plan.OthersCharge(s.Desired, s.Observation) {
		return s, nil // none of our business: nothing more is read
	}
	var err error
	if s.Backups, err = o.backups(ctx, cluster); err != nil {
		return nil, err
	}
	if err := o.statefulSet(ctx, cluster, s); err != nil {
		return nil, err
	}
	live := s.live(cluster)
	if err := o.members(ctx, cluster, live, s); err != nil {
		return nil, err
	}
	if err := o.certificates(ctx, cluster, s); err != nil {
		return nil, err
	}
	o.ask(ctx, cluster, s)
	s.addListed(cluster)
	if err := o.clients(ctx, cluster, s); err != nil {
		return nil, err
	}
	if err := o.claims(ctx, cluster, s); err != nil {
		return nil, err
	}
	if err := o.objects(ctx, cluster, live, s); err != nil {
		return nil, err
	}
	if err := o.issued(ctx, cluster, s); err != nil {
		return nil, err
	}
	s.trusts()
	if err := o.origin(ctx, cluster, s); err != nil {
		return nil, err
	}
	if err := o.troubles(ctx, live, s); err != nil {
		return nil, err
	}
	if err := o.cordons(ctx, s); err != nil {
		return nil, err
	}
	return s, o.evidence(ctx, s)
}

// desired extracts what decisions depend on.
func desired(c *v1alpha1.EtcdCluster, now time.Time) plan.Desired {
	d := plan.Desired{
		Defragmentation:  defragmentation(c, now),
		CompactOnNoSpace: c.Spec.Maintenance.CompactOnNoSpace,

		Replicas:     int(c.Spec.Replicas),
		Restores:     resource.Restores(c),
		Exactly:      resource.DrillOf(c) != "",
		Ephemeral:    c.Spec.Storage.Ephemeral != nil,
		Version:      c.Spec.Version,
		Paused:       c.Spec.Paused,
		Operator:     c.Annotations[v1alpha1.AnnotationOperator],
		Supervised:   c.Spec.Update.Mode == v1alpha1.UpdateSupervised,
		Approved:     strings.TrimSpace(c.Annotations[v1alpha1.AnnotationApprove]),
		TLSDisabled:  c.Spec.TLS.Disabled,
		Hibernated:   c.Spec.Hibernated,
		Replace:      memberID(c.Annotations[v1alpha1.AnnotationReplace]),
		StorageClass: ptr.Deref(c.Spec.Storage.StorageClassName, ""),
	}
	if size := c.Spec.Storage.Size; size != nil {
		d.StorageSize = size.Value()
	}
	return d
}

// memberID parses what a person or we ourselves wrote; zero when it is none.
func memberID(s string) etcd.MemberID {
	var id etcd.MemberID
	if err := id.UnmarshalText([]byte(strings.TrimSpace(s))); err != nil {
		return 0
	}
	return id
}

// record reads what the operator wrote down.
func record(c *v1alpha1.EtcdCluster) plan.Record {
	r := plan.Record{Operator: c.Status.Operator, ClusterID: clusterID(c.Status.ClusterID)}
	if b := c.Status.Birth; b != nil {
		r.Birth = &plan.Birth{Token: b.Token, Discarding: b.Discarding}
		if b.Restore != nil {
			r.Birth.Restore = &control.Restore{SHA256: b.Restore.SHA256, BumpRevisions: b.Restore.BumpRevisions, MarkCompacted: b.Restore.BumpRevisions > 0}
		}
		for _, m := range b.Members {
			r.Birth.Members = append(r.Birth.Members, plan.BirthMember{Name: etcd.MemberName(m.Name), VolumeID: m.VolumeID})
		}
	}
	r.Epoch = resource.Epoch(c)
	if was := c.Status.Restore; was != nil {
		r.Restore = &plan.Restoration{
			Name: was.Name, UID: was.UID, Survivor: was.Source == v1alpha1.RestoreFromSurvivor,
			Epoch: int(was.Epoch), FormerEpoch: max(1, int(was.FormerEpoch)), FormerClusterID: clusterID(was.FormerClusterID),
			LastRevision: was.LastRevision, Completed: was.CompletedAt != nil,
		}
	}
	if j := c.Status.Joining; j != nil {
		r.Joining = &plan.Joining{ID: memberID(j.ID), Name: etcd.MemberName(j.Name), VolumeID: j.VolumeID}
	}
	return r
}

// clusterID parses an ID. One that cannot be read was written by nobody we
// know; it still means "formed", and can match no volume.
func clusterID(s string) etcd.ClusterID {
	if s == "" {
		return 0
	}
	var id etcd.ClusterID
	if err := id.UnmarshalText([]byte(s)); err != nil || id == 0 {
		return ^etcd.ClusterID(0)
	}
	return id
}

// statefulSet reads the StatefulSet of the cluster's name, once for the whole
// observation: one that is made anew must not be there for one part of it and
// missing for another.
func (o *Observer) statefulSet(ctx context.Context, c *v1alpha1.EtcdCluster, s *Sight) error {
	set := &appsv1.StatefulSet{}
	found, err := o.get(ctx, client.ObjectKeyFromObject(c), set)
	if found {
		s.set = set
	}
	return err
}

// live is the cluster's own StatefulSet, or nil. One of another owner counts
// as none: it is reported among the objects.
func (s *Sight) live(c *v1alpha1.EtcdCluster) *appsv1.StatefulSet {
	if s.set == nil || !ownedBy(s.set, c) {
		return nil
	}
	return s.set
}

// get reads through the cache, and from the API server what the cache does not
// show: it is restricted by label, and late. A confirming observer has no cache.
func (o *Observer) get(ctx context.Context, key client.ObjectKey, into client.Object) (bool, error) {
	return o.look(ctx, o.Cached, o.compared == nil, key, into)
}

func (o *Observer) look(ctx context.Context, from client.Reader, cached bool, key client.ObjectKey, into client.Object) (bool, error) {
	err := from.Get(ctx, key, into)
	if client.IgnoreNotFound(err) == nil && err != nil && cached {
		err = o.Live.Get(ctx, key, into)
	}
	switch {
	case err == nil:
		return true, nil
	case client.IgnoreNotFound(err) == nil:
		return false, nil
	default:
		return false, fmt.Errorf("read %T %s: %w", into, key, err)
	}
}
