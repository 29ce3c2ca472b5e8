package controllers

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// statusPatch is the apply configuration of a status, for this very object: one of
// the same name that was made later is not touched.
func statusPatch(kind string, of client.Object, status any) (*unstructured.Unstructured, error) {
	encoded, err := json.Marshal(status)
	if err != nil {
		return nil, fmt.Errorf("encode status: %w", err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return nil, fmt.Errorf("decode status: %w", err)
	}
	patch := &unstructured.Unstructured{Object: map[string]any{"status": fields}}
	patch.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	patch.SetNamespace(of.GetNamespace())
	patch.SetName(of.GetName())
	patch.SetUID(of.GetUID())
	return patch, nil
}
