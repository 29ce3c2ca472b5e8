package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/observe"
	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
	"github.com/quorate/quorate/internal/status"
)

// statusManager owns the part of the status that is shown. What the operator
// records for itself belongs to act.FieldManager.
const statusManager = "quorate-status"

const (
	eventNormal  = corev1.EventTypeNormal
	eventWarning = corev1.EventTypeWarning
)

// publish applies the status when it differs from the one that is there.
func (r *EtcdClusterReconciler) publish(ctx context.Context, cluster *v1alpha1.EtcdCluster, sight *observe.Sight, decision plan.Decision, failure error) error {
	view := status.View{
		Generation: cluster.Generation, Desired: sight.Desired, Observation: sight.Observation, Decision: decision, Backups: sight.Backups,
		Selector:    labels.SelectorFromSet(resource.Selector(cluster.Name)).String(),
		ServiceName: resource.ClientService(cluster.Name),
	}
	view.Observation.Record.ClusterID = formedID(cluster, sight)
	if failure != nil {
		view.Failure = failure.Error()
	}
	want := status.Of(view, cluster.Status.Conditions, metav1.NewTime(r.Observer.Now().Truncate(1e9)))
	setMetrics(cluster, sight, decision, want)

	have := withRecord(cluster.Status, v1alpha1.EtcdClusterStatus{})
	if equality.Semantic.DeepEqual(have, want) || decision.Outcome == plan.OutcomeAct && failure == nil && saysTheSame(have, want) {
		return nil
	}
	patch, err := statusPatch(v1alpha1.KindEtcdCluster, cluster, want)
	if err != nil {
		return err
	}
	err = r.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(patch), client.FieldOwner(statusManager), client.ForceOwnership)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("apply status: %w", err)
	}
	r.announce(cluster, sight, want)
	cluster.SetResourceVersion(patch.GetResourceVersion())
	cluster.Status = withRecord(want, cluster.Status)
	r.written.remember(cluster)
	return nil
}

// saysTheSame reports whether two statuses differ in nothing but messages. Of one
// action among several that follow each other at once the Event tells; what is
// awaited after them is shown.
func saysTheSame(a, b v1alpha1.EtcdClusterStatus) bool {
	return equality.Semantic.DeepEqual(wordless(a), wordless(b))
}

func wordless(s v1alpha1.EtcdClusterStatus) v1alpha1.EtcdClusterStatus {
	s.Conditions, s.Members = slices.Clone(s.Conditions), slices.Clone(s.Members)
	for i := range s.Conditions {
		s.Conditions[i].Message = ""
	}
	for i := range s.Members {
		s.Members[i].Message = ""
	}
	return s
}

// withRecord returns what is shown in one status with what the operator
// recorded for itself in another.
func withRecord(shown, recorded v1alpha1.EtcdClusterStatus) v1alpha1.EtcdClusterStatus {
	shown.Operator, shown.ClusterID, shown.Birth = recorded.Operator, recorded.ClusterID, recorded.Birth
	shown.Joining, shown.Intent = recorded.Joining, recorded.Intent
	shown.Epoch, shown.Restore = recorded.Epoch, recorded.Restore
	return shown
}

// formedID is the cluster ID as recorded by now: the action may just have done it.
func formedID(cluster *v1alpha1.EtcdCluster, sight *observe.Sight) (id etcd.ClusterID) {
	if cluster.Status.ClusterID == "" {
		return sight.Observation.Record.ClusterID
	}
	if err := id.UnmarshalText([]byte(cluster.Status.ClusterID)); err != nil {
		return sight.Observation.Record.ClusterID
	}
	return id
}

// announce tells each change that a person cares for as one Event: Ready
// reached or left, and each new cause of standing still.
func (r *EtcdClusterReconciler) announce(cluster *v1alpha1.EtcdCluster, sight *observe.Sight, want v1alpha1.EtcdClusterStatus) {
	before := cluster.Status.Conditions
	ready := meta.FindStatusCondition(want.Conditions, v1alpha1.ConditionReady)
	switch is, was := ready.Status == metav1.ConditionTrue, meta.IsStatusConditionTrue(before, v1alpha1.ConditionReady); {
	case is && !was:
		r.tell(cluster, nil, eventNormal, ready, "Ready")
	case was && !is:
		r.tell(cluster, troubled(sight), eventWarning, ready, "Unready")
	}
	stalled := meta.FindStatusCondition(want.Conditions, v1alpha1.ConditionStalled)
	was := meta.FindStatusCondition(before, v1alpha1.ConditionStalled)
	if stalled.Status == metav1.ConditionTrue && (was == nil || was.Status != stalled.Status || was.Reason != stalled.Reason) {
		r.tell(cluster, troubled(sight), eventWarning, stalled, "Stall")
	}
}

// tell says a condition's change in the log and as an Event.
func (r *EtcdClusterReconciler) tell(cluster *v1alpha1.EtcdCluster, about runtime.Object, level string, c *metav1.Condition, action string) {
	ctrl.Log.WithName("etcdcluster").Info(c.Message, "namespace", cluster.Namespace, "name", cluster.Name, "condition", c.Type, "status", c.Status, "reason", c.Reason)
	r.Recorder.Eventf(cluster, about, level, c.Reason, action, "%s", note(c.Message))
}

// standBack says, once for each cause, that another operator acts on the
// cluster. Nothing is written on the cluster itself: it is not ours.
func (r *EtcdClusterReconciler) standBack(cluster *v1alpha1.EtcdCluster, decision plan.Decision) {
	if last, told := r.stoodBack.Swap(cluster.UID, decision.Message); told && last == decision.Message {
		return
	}
	r.Recorder.Eventf(cluster, nil, eventNormal, string(decision.Reason), "StandBack", "%s", note(decision.Message))
}

// related is the pod that an action is about, when it is about one.
func related(sight *observe.Sight, decision plan.Decision) runtime.Object {
	names := plan.MembersOf(decision.Action)
	if len(names) != 1 || sight.Pods[names[0]] == nil {
		return nil
	}
	return sight.Pods[names[0]]
}

// troubled is the pod of the first member that does not serve.
func troubled(sight *observe.Sight) runtime.Object {
	for _, m := range sight.Observation.Members {
		if pod := sight.Pods[m.Name]; pod != nil && !m.Healthy() {
			return pod
		}
	}
	return nil
}

// maxNote is what the API server accepts as an Event's note.
const maxNote = 1024

func note(message string) string {
	if len(message) <= maxNote {
		return message
	}
	return message[:maxNote-3] + "..."
}
