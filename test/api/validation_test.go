package api

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestInvalid applies each manifest of testdata/invalid and wants it refused
// with the words of its first line. Of two documents the second is refused, as
// a change of the first.
func TestInvalid(t *testing.T) {
	namespace := makeNamespace(t, "invalid")
	for _, m := range readManifests(t, "invalid") {
		t.Run(m.name, func(t *testing.T) {
			if len(m.want) == 0 {
				t.Fatal("the first line must say which message is wanted: # want: ...")
			}
			last := len(m.objects) - 1
			for _, object := range m.objects[:last] {
				if err := put(t, namespace, object); err != nil {
					t.Fatalf("the first document must be accepted: %v", err)
				}
			}
			wantRefused(t, put(t, namespace, m.objects[last]), m.want)
		})
	}
}

func wantRefused(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want a refusal with %q", want)
	}
	for _, words := range want {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("refused with\n%v\nwant it to say %q", err, words)
		}
	}
	for _, noise := range []string{"rule execution error", "no such overload", "no such key", "index out of range"} {
		if strings.Contains(err.Error(), noise) {
			t.Errorf("a rule failed instead of judging: %v", err)
		}
	}
}

// TestValid applies each manifest of testdata/valid and reads it back.
func TestValid(t *testing.T) {
	namespace := makeNamespace(t, "valid")
	for _, m := range readManifests(t, "valid") {
		t.Run(m.name, func(t *testing.T) {
			for _, object := range m.objects {
				if err := put(t, namespace, object); err != nil {
					t.Fatal(err)
				}
				readBack(t, object)
			}
		})
	}
}

// readBack reads an object into its Go type and writes it back unchanged: what
// Go prints must be accepted too.
func readBack(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == object.GetKind() })
	one := kinds[i].one()
	if err := server.client.Get(t.Context(), client.ObjectKeyFromObject(object), one); err != nil {
		t.Fatal(err)
	}
	one.SetLabels(map[string]string{"touched": "yes"})
	if err := server.client.Update(t.Context(), one); err != nil {
		t.Fatalf("what Go read it cannot write back: %v", err)
	}
}

// put creates an object, or changes the one of that name into it.
func put(t *testing.T, namespace string, object *unstructured.Unstructured) error {
	t.Helper()
	object.SetNamespace(namespace)
	present := &unstructured.Unstructured{}
	present.SetGroupVersionKind(object.GroupVersionKind())
	err := server.client.Get(t.Context(), client.ObjectKeyFromObject(object), present)
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if err != nil {
		return server.client.Create(t.Context(), object)
	}
	object.SetResourceVersion(present.GetResourceVersion())
	return server.client.Update(t.Context(), object)
}
