package act

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// apply creates what is missing by POST and applies what drifted, each only
// while its controller is this very EtcdCluster.
func (a *Actor) apply(ctx context.Context, s *Situation, action plan.Apply) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	for _, want := range s.Wanted {
		name := want.GetObjectKind().GroupVersionKind().Kind + "/" + want.GetName()
		if !slices.Contains(action.Objects, name) {
			continue
		}
		if err := a.applyOne(ctx, s.Cluster.UID, want); err != nil {
			return fmt.Errorf("apply %s: %w", name, err)
		}
	}
	return nil
}

func (a *Actor) applyOne(ctx context.Context, owner types.UID, want client.Object) error {
	live := emptyLike(want)
	err := a.Live.Get(ctx, client.ObjectKeyFromObject(want), live)
	if apierrors.IsNotFound(err) {
		return a.Client.Create(ctx, want.DeepCopyObject().(client.Object), client.FieldOwner(FieldManager))
	}
	if err != nil {
		return err
	}
	if ref := metav1.GetControllerOf(live); ref == nil || ref.UID != owner {
		return fmt.Errorf("it is not this cluster's any more")
	}
	if err := a.adoptFields(ctx, live); err != nil {
		return err
	}
	patch, err := applyPatch(withSize(want, live), live.GetUID())
	if err != nil {
		return err
	}
	err = a.ssa(ctx, patch)
	if !apierrors.IsInvalid(err) {
		return err
	}
	// Where somebody changed the key of a list's entry (a port's number), apply
	// adds ours beside theirs, and both bear one name. A merge patch replaces
	// the list; apply then owns it again.
	encoded, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if err := a.Client.Patch(ctx, live, client.RawPatch(types.MergePatchType, encoded)); err != nil {
		return err
	}
	return a.ssa(ctx, patch)
}

// emptyLike returns an object of the same type to read into.
func emptyLike(want client.Object) client.Object {
	empty := reflect.New(reflect.TypeOf(want).Elem()).Interface().(client.Object)
	if free, ok := empty.(*unstructured.Unstructured); ok {
		free.SetGroupVersionKind(want.GetObjectKind().GroupVersionKind())
	}
	return empty
}

// withSize leaves the number of pods as it is: what was rendered rests on a
// cache, and only Resize changes it.
func withSize(want, live client.Object) client.Object {
	set, ok := want.(*appsv1.StatefulSet)
	have, alike := live.(*appsv1.StatefulSet)
	if !ok || !alike {
		return want
	}
	return resource.WithReplicas(set, ptr.Deref(have.Spec.Replicas, 1))
}

func (a *Actor) ssa(ctx context.Context, patch *unstructured.Unstructured) error {
	return a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(patch.DeepCopy()), client.FieldOwner(FieldManager), client.ForceOwnership)
}

// applyUpon applies to the very object that was read, and nothing that has
// changed since.
func (a *Actor) applyUpon(ctx context.Context, live, want client.Object) error {
	if err := a.adoptFields(ctx, live); err != nil {
		return err
	}
	patch, err := applyPatch(want, live.GetUID())
	if err != nil {
		return err
	}
	patch.SetResourceVersion(live.GetResourceVersion())
	return a.ssa(ctx, patch)
}

// adoptFields makes server-side apply the owner of what POST created: without
// it a field that is no longer wanted would stay for ever.
func (a *Actor) adoptFields(ctx context.Context, live client.Object) error {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(FieldManager), FieldManager)
	if err != nil || len(patch) == 0 {
		return err
	}
	return a.Client.Patch(ctx, live, client.RawPatch(types.JSONPatchType, patch))
}

// applyPatch turns an object into an apply configuration for the object of
// that UID and no other.
func applyPatch(want client.Object, uid types.UID) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(want)
	if err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	patch := &unstructured.Unstructured{Object: content}
	patch.SetUID(uid)
	unstructured.RemoveNestedField(patch.Object, "status")
	unstructured.RemoveNestedField(patch.Object, "metadata", "creationTimestamp")
	return patch, nil
}
