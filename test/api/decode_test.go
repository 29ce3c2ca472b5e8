package api

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// tries is how many odd values TestDecodes offers to the fields, unless
// QUORATE_FUZZ_N says otherwise.
const tries = 1000

// TestDecodes offers odd values to every field that holds more than plain
// text. Whatever the API server accepts Go must decode: one object that it
// cannot would break list and watch for all clusters at once. The values come
// from a seed, so that a failure comes back: QUORATE_FUZZ_SEED.
func TestDecodes(t *testing.T) {
	random := rand.New(rand.NewPCG(number(t, "QUORATE_FUZZ_SEED", 1), 0))
	namespace := makeNamespace(t, "decodes")
	fields := fragileFields(t)
	accepted := 0
	for i := range int(number(t, "QUORATE_FUZZ_N", tries)) {
		field := fields[i%len(fields)]
		offer := oddValue(random, field.likely)
		if offered(t, namespace, field, offer) {
			accepted++
			decode(t, namespace, field, offer)
		}
	}
	t.Logf("%d fields, %d values accepted", len(fields), accepted)
	if accepted*20 < len(fields) {
		t.Error("hardly anything was accepted: the test shows nothing")
	}
}

// TestDecodesCorpus offers each value that is known to have broken a decoder
// to each of the fields. Each field takes at least one of them.
func TestDecodesCorpus(t *testing.T) {
	namespace := makeNamespace(t, "corpus")
	for _, field := range fragileFields(t) {
		accepted := 0
		for _, offer := range append(field.likely, corpus...) {
			if offered(t, namespace, field, offer) {
				accepted++
				decode(t, namespace, field, offer)
			}
		}
		if accepted == 0 && !refused(field) {
			t.Errorf("%s takes none of the values: nothing is shown of it", field.path)
		}
	}
}

// refused reports whether a rule refuses the field, whatever it holds.
func refused(field fragileField) bool {
	return strings.Contains(field.path, ".windowsOptions.")
}

// offered puts a value into a field of a new object and reports whether the
// API server took it.
func offered(t *testing.T, namespace string, field fragileField, offer json.RawMessage) bool {
	t.Helper()
	object, err := field.with(namespace, offer)
	if err != nil {
		return false // not JSON: no client could send it
	}
	if field.status {
		return offeredStatus(t, object)
	}
	return created(t, object)
}

// created reports whether a new object was taken. That the name is taken is no
// judgement: something was left behind.
func created(t *testing.T, object *unstructured.Unstructured) bool {
	t.Helper()
	err := server.client.Create(t.Context(), object)
	if apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return err == nil
}

func offeredStatus(t *testing.T, object *unstructured.Unstructured) bool {
	t.Helper()
	status := object.Object["status"]
	if err := server.client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	object.Object["status"] = status
	if server.client.Status().Update(t.Context(), object) == nil {
		return true
	}
	remove(t, object)
	return false
}

// decode lists and gets what was accepted with the typed client.
func decode(t *testing.T, namespace string, field fragileField, offer json.RawMessage) {
	t.Helper()
	list, one := field.kind.list(), field.kind.one()
	if err := server.client.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
		t.Fatalf("%s: %s was accepted, and Go cannot list it: %v", field.path, offer, err)
	}
	if n := meta.LenList(list); n != 1 {
		t.Fatalf("%s: %d objects, want 1", field.path, n)
	}
	if err := server.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "odd"}, one); err != nil {
		t.Fatalf("%s: %s was accepted, and Go cannot get it: %v", field.path, offer, err)
	}
	if err := server.client.Update(t.Context(), one); err != nil {
		t.Errorf("%s: %s was accepted, and Go cannot write back what it read: %v", field.path, offer, err)
	}
	remove(t, one)
}

func remove(t *testing.T, object client.Object) {
	t.Helper()
	if err := server.client.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text, ok := os.LookupEnv(variable)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// rootSchema is the schema of one of our kinds.
func rootSchema(t *testing.T, kind string) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "config", "crd", "bases", "etcd.quorate.dev_"+strings.ToLower(kind)+"s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(raw, &crd); err != nil {
		t.Fatal(err)
	}
	return *crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}
