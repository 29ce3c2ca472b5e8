package observe

import (
	"context"
	"fmt"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// objects compares each object that the cluster shall have with the live one.
func (o *Observer) objects(ctx context.Context, c *v1alpha1.EtcdCluster, live *appsv1.StatefulSet, s *Sight) error {
	rendered := o.Renderer.Render(c, s.present(live))
	s.Wanted = rendered.Objects
	s.Observation.StaleClaims = rendered.StaleClaims
	s.Next = rendered.Next
	s.Observation.Template = plan.Template{Wanted: rendered.Wanted, Version: rendered.Version, Changes: rendered.Changes}
	s.differ(rendered.Pods)
	for _, want := range s.Wanted {
		object, err := o.object(ctx, c, want, s)
		if err != nil {
			return err
		}
		s.Observation.Objects = append(s.Observation.Objects, object)
	}
	if err := o.validation(ctx, c, s); err != nil {
		return err
	}
	return o.surplus(ctx, c, rendered.Surplus, s)
}

func (o *Observer) comparing() client.Reader {
	if o.compared != nil {
		return o.compared
	}
	return o.Cached
}

// surplus reports objects of the cluster that shall not be there. The cache
// shows all that bear our labels: what it does not show is not asked for at
// each pass.
func (o *Observer) surplus(ctx context.Context, c *v1alpha1.EtcdCluster, surplus []client.Object, s *Sight) error {
	for _, unwanted := range surplus {
		have := emptyLike(unwanted)
		if err := o.comparing().Get(ctx, client.ObjectKeyFromObject(unwanted), have); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read %T %s: %w", have, unwanted.GetName(), err)
		} else if err != nil {
			continue
		}
		if state, _ := belonging(have, c); state == plan.ObjectCurrent {
			s.Observation.Objects = append(s.Observation.Objects, plan.Object{
				Kind: unwanted.GetObjectKind().GroupVersionKind().Kind, Name: unwanted.GetName(), State: plan.ObjectSurplus,
			})
		}
	}
	return nil
}

// present is what there is of the cluster already, for the renderer.
func (s *Sight) present(live *appsv1.StatefulSet) resource.Present {
	p := resource.Present{
		StatefulSet: live,
		Formed:      s.Observation.Remembers(),
		Replicas:    s.pods(),
		Voters:      s.voters(),
		Smallest:    s.smallest(),
	}
	for _, m := range s.Observation.Members {
		if pod := s.Pods[m.Name]; pod != nil {
			p.Pods = append(p.Pods, pod)
		}
	}
	return p
}

// differ notes how each of the present pods differs from the spec, in their order.
func (s *Sight) differ(found []resource.PodDifference) {
	for i := range s.Observation.Members {
		if m := &s.Observation.Members[i]; s.Pods[m.Name] != nil {
			m.Stale, m.Adjust, m.Adjusting = found[0].Stale, found[0].Adjust, found[0].Adjusting
			found = found[1:]
		}
	}
}

// smallest is the size of the smallest volume that holds a member.
func (s *Sight) smallest() *quantity.Quantity {
	var least *quantity.Quantity
	for _, m := range s.Observation.Members {
		if m.Claim == nil || m.Claim.Formed == 0 {
			continue
		}
		size, ok := s.Claims[m.Name].Status.Capacity[corev1.ResourceStorage]
		if ok && (least == nil || size.Cmp(*least) < 0) {
			least = &size
		}
	}
	return least
}

// pods is how many pods a StatefulSet shall run that is made anew. A formed
// cluster has those that hold a member, whatever the spec says: the planner
// changes their number, one by one.
func (s *Sight) pods() int {
	if s.Desired.Hibernated {
		return 0
	}
	if !s.Observation.Remembers() {
		if birth := s.Observation.Record.Birth; birth != nil {
			return len(birth.Members)
		}
		return s.Desired.Replicas
	}
	for i := len(s.Observation.Members) - 1; i >= 0; i-- {
		m := s.Observation.Members[i]
		_, listed := s.Observation.Etcd.Members.ByPeerURL(m.PeerURL)
		if m.Pod != plan.PodAbsent || m.Claim != nil && m.Claim.Formed != 0 || listed {
			return i + 1
		}
	}
	return s.Desired.Replicas
}

// voters is how many voters the cluster has: by its own word, otherwise as
// many as there are volumes of members, or pods.
func (s *Sight) voters() int {
	if s.Observation.Etcd.Reached {
		return len(s.Observation.Etcd.Members.Voters())
	}
	formed := 0
	for _, m := range s.Observation.Members {
		if m.Claim != nil && m.Claim.Formed != 0 {
			formed++
		}
	}
	if formed > 0 {
		return formed
	}
	return max(0, s.Observation.Pods)
}

func (o *Observer) object(ctx context.Context, c *v1alpha1.EtcdCluster, want client.Object, s *Sight) (plan.Object, error) {
	object := plan.Object{Kind: want.GetObjectKind().GroupVersionKind().Kind, Name: want.GetName()}
	have, err := o.counterpart(ctx, want, s)
	if err != nil {
		return object, err
	}
	if have == nil {
		object.State = plan.ObjectMissing
		return object, nil
	}
	object.State, object.Detail = belonging(have, c)
	if object.State == plan.ObjectCurrent {
		if drift := resource.Drift(have, want); drift != "" {
			object.State, object.Detail = plan.ObjectDrifted, drift
		}
	}
	return object, nil
}

// counterpart is the live object of the same name, or nil.
func (o *Observer) counterpart(ctx context.Context, want client.Object, s *Sight) (client.Object, error) {
	if _, ok := want.(*appsv1.StatefulSet); ok {
		if s.set == nil {
			return nil, nil
		}
		return s.set, nil
	}
	have := emptyLike(want)
	found, err := o.look(ctx, o.comparing(), true, client.ObjectKeyFromObject(want), have)
	if err != nil || !found {
		return nil, err
	}
	return have, nil
}

// emptyLike returns a new object of the same type.
func emptyLike(o client.Object) client.Object {
	return reflect.New(reflect.TypeOf(o).Elem()).Interface().(client.Object)
}

// belonging says whether a live object is this cluster's: its controller is
// this very EtcdCluster, by UID. One of a former EtcdCluster of this name is
// about to be collected; anything else is somebody else's.
func belonging(have client.Object, c *v1alpha1.EtcdCluster) (plan.ObjectState, string) {
	owner := metav1.GetControllerOf(have)
	switch {
	case owner == nil:
		return plan.ObjectTaken, "it has no controller"
	case owner.UID == c.UID && have.GetDeletionTimestamp() != nil:
		return plan.ObjectLeaving, "it is being deleted"
	case owner.UID == c.UID:
		return plan.ObjectCurrent, ""
	case owner.Kind == v1alpha1.KindEtcdCluster && owner.Name == c.Name:
		return plan.ObjectLeaving, "it belongs to a former EtcdCluster of this name and waits for the garbage collector"
	default:
		return plan.ObjectTaken, fmt.Sprintf("its controller is %s %s", owner.Kind, owner.Name)
	}
}

// secretState is belonging for Secrets. The authorities follow the volumes, so
// they may have no owner: then type and labels say whose they are.
func secretState(c *v1alpha1.EtcdCluster, kind pki.Kind, secret *corev1.Secret) (plan.ObjectState, string) {
	if secret.DeletionTimestamp != nil {
		return plan.ObjectLeaving, "it is being deleted"
	}
	if kind.IsCA() && metav1.GetControllerOf(secret) == nil && resource.HasLabels(secret, resource.Labels(c.Name)) {
		return plan.ObjectCurrent, ""
	}
	return belonging(secret, c)
}

// ownedBy reports whether the object's controller is this EtcdCluster.
func ownedBy(have client.Object, c *v1alpha1.EtcdCluster) bool { return ownedByUID(have, c.UID) }

func ownedByUID(have client.Object, uid types.UID) bool {
	owner := metav1.GetControllerOf(have)
	return owner != nil && owner.UID == uid
}
