package act

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/control/dial"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// FieldManager owns every field that Quorate applies.
const FieldManager = "quorate"

// Actor performs actions.
type Actor struct {
	// Client writes; Live reads from the API server itself.
	Client client.Client
	Live   client.Reader
	Agents *dial.Pool
	// Forget makes the next observation read a Secret again.
	Forget func(types.NamespacedName)
	// BackupImage is the image of the Jobs that reach stores.
	BackupImage string
	// Self is this operator, "namespace/name".
	Self string
	Now  func() time.Time
}

// Situation is what was observed of the cluster that is acted on.
type Situation struct {
	// Cluster is updated in place by what is recorded on it.
	Cluster *v1alpha1.EtcdCluster
	Agents  map[etcd.MemberName]dial.Agent
	Pods    map[etcd.MemberName]*corev1.Pod
	Claims  map[etcd.MemberName]*corev1.PersistentVolumeClaim
	Wanted  []client.Object
	// From is where the data to begin with comes from; nil when it is not known.
	From *resource.RestoreFrom
	// Restore is the EtcdRestore that the observation's Request is of; nil for none.
	Restore *v1alpha1.EtcdRestore
	// Next is the StatefulSet that follows the spec; nil when the live one does.
	Next *appsv1.StatefulSet
	PKI  pki.Plan
	// Etcd asks the cluster again; nil when no member was there to answer.
	Etcd etcdclient.Changer
}

// ErrNotYet is wrapped by refusals that pass by themselves: the action is under
// way and wants to be tried again soon.
var ErrNotYet = errors.New("not yet")

// Do performs one action. A conflict means that the world has moved since it
// was observed: observe again.
func (a *Actor) Do(ctx context.Context, s *Situation, action plan.Action) error {
	name := plan.Name(action)
	fault("before", name)
	err := a.do(ctx, s, action)
	if last := s.Cluster.Status.Intent; last != nil && last.Action == name {
		fault("after", name) // it was begun; also when it failed, which may be halfway
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (a *Actor) do(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.TakeCharge:
		return a.takeCharge(ctx, s)
	case plan.Issue:
		return a.issue(ctx, s, action)
	case plan.Apply:
		return a.apply(ctx, s, action)
	case plan.Recreate:
		return a.recreate(ctx, s, action)
	case plan.Grant:
		return a.grant(ctx, s, action)
	case plan.Resume:
		return a.resume(ctx, s, action)
	case plan.Admit:
		return a.admit(ctx, s, action)
	case plan.RecordFormed:
		return a.recordFormed(ctx, s, action)
	case plan.Confirm:
		return a.confirm(ctx, s, action)
	case plan.MarkVolumes:
		return a.markVolumes(ctx, s, action)
	case plan.RecordDiscard:
		return a.recordDiscard(ctx, s, action)
	case plan.Discard:
		return a.discard(ctx, s, action)
	case plan.ForgetBirth:
		return a.forgetBirth(ctx, s)
	case plan.Send:
		return a.send(ctx, s, action)
	case plan.StopSending:
		return a.stopSending(ctx, s, action)
	default:
		return a.change(ctx, s, action)
	}
}

// change performs the actions that change the members of a formed cluster, or
// what they live on.
func (a *Actor) change(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.AddLearner:
		return a.addLearner(ctx, s, action)
	case plan.Join:
		return a.join(ctx, s, action)
	case plan.Promote:
		return a.promote(ctx, s, action)
	case plan.MoveLeader:
		return a.moveLeader(ctx, s, action)
	case plan.RemoveMember:
		return a.removeMember(ctx, s, action)
	case plan.Disarm:
		return a.disarm(ctx, s, action)
	case plan.Withdraw:
		return a.withdraw(ctx, s, action)
	case plan.Drain:
		return a.drain(ctx, s, action)
	case plan.Welcome:
		return a.welcome(ctx, s, action)
	case plan.Clear:
		return a.clear(ctx, s, action)
	case plan.DropPod:
		return a.dropPod(ctx, s, action)
	case plan.Resize:
		return a.resize(ctx, s, action)
	case plan.RenewClaims:
		return a.renewClaims(ctx, s)
	case plan.GrowClaims:
		return a.growClaims(ctx, s, action)
	case plan.Prune:
		return a.prune(ctx, s, action)
	default:
		return a.rollOut(ctx, s, action)
	}
}

// rollOut performs the actions that bring the spec to members that run.
func (a *Actor) rollOut(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.Validate:
		return a.validate(ctx, s, action)
	case plan.FollowSpec:
		return a.followSpec(ctx, s, action)
	case plan.Adjust:
		return a.adjust(ctx, s, action)
	case plan.Restart:
		return a.restart(ctx, s, action)
	default:
		return a.maintain(ctx, s, action)
	}
}

// maintain performs the actions on etcd's data, between releases and within one.
func (a *Actor) maintain(ctx context.Context, s *Situation, action plan.Action) error {
	switch action := action.(type) {
	case plan.Prepare:
		return a.prepare(ctx, s, action)
	case plan.EndStep:
		return a.endStep(ctx, s, action)
	case plan.Downgrade:
		return a.downgrade(ctx, s, action)
	case plan.CancelDowngrade:
		return a.cancelDowngrade(ctx, s, action)
	case plan.Rotate:
		return a.rotate(ctx, s, action)
	case plan.Compact:
		return a.compact(ctx, s, action)
	case plan.Defragment:
		return a.defragment(ctx, s, action)
	case plan.DisarmNoSpace:
		return a.disarmNoSpace(ctx, s, action)
	case plan.Nudge:
		return a.nudge(ctx, s, action)
	default:
		return a.replaceData(ctx, s, action)
	}
}
