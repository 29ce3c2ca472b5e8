package api

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/api/v1alpha1"
)

// fragileField is a field whose Go type decodes less than its JSON type can
// say: quantities, durations, times, integers, enums, lists and maps of them.
type fragileField struct {
	kind   kind
	path   string
	status bool
	likely []json.RawMessage   // values of the kind that the field is for
	nest   func(value any) any // wraps a value in all that is above it
}

// kind is one of our kinds, with the least of it that is accepted, before a value
// is put into it.
type kind struct {
	name, base string
	one        func() client.Object
	list       func() client.ObjectList
}

var kinds = []kind{
	{"EtcdCluster", `{"apiVersion":"etcd.quorate.dev/v1alpha1","kind":"EtcdCluster",
"metadata":{"name":"odd"},"spec":{"version":"3.7.3","storage":{"size":"8Gi"}}}`,
		func() client.Object { return &v1alpha1.EtcdCluster{} }, func() client.ObjectList { return &v1alpha1.EtcdClusterList{} }},
	{"EtcdBackup", `{"apiVersion":"etcd.quorate.dev/v1alpha1","kind":"EtcdBackup",
"metadata":{"name":"odd"},"spec":{"clusterName":"demo","store":{"url":"s3://odd"}}}`,
		func() client.Object { return &v1alpha1.EtcdBackup{} }, func() client.ObjectList { return &v1alpha1.EtcdBackupList{} }},
	{"EtcdBackupSchedule", `{"apiVersion":"etcd.quorate.dev/v1alpha1","kind":"EtcdBackupSchedule",
"metadata":{"name":"odd"},"spec":{"clusterName":"demo","schedule":"30 2 * * *","template":{"store":{"url":"s3://odd"}}}}`,
		func() client.Object { return &v1alpha1.EtcdBackupSchedule{} }, func() client.ObjectList { return &v1alpha1.EtcdBackupScheduleList{} }},
	{"EtcdRestore", `{"apiVersion":"etcd.quorate.dev/v1alpha1","kind":"EtcdRestore",
"metadata":{"name":"odd"},"spec":{"clusterName":"demo","source":"backup","backup":{"store":{"url":"s3://odd"}}}}`,
		func() client.Object { return &v1alpha1.EtcdRestore{} }, func() client.ObjectList { return &v1alpha1.EtcdRestoreList{} }},
}

// with is the least object with a value in this field.
func (f fragileField) with(namespace string, offer json.RawMessage) (*unstructured.Unstructured, error) {
	var value any
	if err := json.Unmarshal(offer, &value); err != nil {
		return nil, err
	}
	object := map[string]any{}
	if err := json.Unmarshal([]byte(f.kind.base), &object); err != nil {
		return nil, err
	}
	if strings.HasPrefix(f.path, ".spec.bootstrap.restore.") {
		store := map[string]any{"url": "s3://odd"} // the others go with it
		object["spec"].(map[string]any)["bootstrap"] = map[string]any{"restore": map[string]any{"store": store}}
	}
	merge(object, f.nest(value).(map[string]any))
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	made := &unstructured.Unstructured{}
	if err := made.UnmarshalJSON(raw); err != nil {
		return nil, err
	}
	made.SetNamespace(namespace)
	return made, nil
}

func merge(into, from map[string]any) {
	for key, value := range from {
		above, ok := into[key].(map[string]any)
		below, also := value.(map[string]any)
		if ok && also {
			merge(above, below)
			continue
		}
		into[key] = value
	}
}

// fragileFields finds them in the schema, in the order of their paths.
func fragileFields(t *testing.T) []fragileField {
	t.Helper()
	var found []fragileField
	for _, k := range kinds {
		var its []fragileField
		collect("", rootSchema(t, k.name), func(value any) any { return value }, &its)
		for _, field := range its {
			field.kind = k
			found = append(found, field)
		}
	}
	slices.SortFunc(found, func(a, b fragileField) int {
		return cmp.Or(strings.Compare(a.kind.name, b.kind.name), strings.Compare(a.path, b.path))
	})
	if len(found) < 20 {
		t.Fatalf("only %d fields", len(found))
	}
	return found
}

func collect(path string, s apiextensionsv1.JSONSchemaProps, nest func(any) any, found *[]fragileField) {
	if fragile(path, s) {
		*found = append(*found, fragileField{path: path, status: strings.HasPrefix(path, ".status"), likely: likely(s), nest: nest})
	}
	if path == "" || path == ".spec" || path == ".spec.store" || path == ".spec.template" || path == ".spec.template.store" {
		s.Required = nil // the base has them
	}
	for name, field := range s.Properties {
		if path == "" && name != "spec" && name != "status" {
			continue
		}
		collect(path+"."+name, field, func(value any) any {
			return nest(complete(s, name, value))
		}, found)
	}
	if s.Items != nil {
		collect(path+"[]", *s.Items.Schema, func(value any) any { return nest([]any{value}) }, found)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		collect(path+"{}", *s.AdditionalProperties.Schema, func(value any) any {
			return nest(map[string]any{"cpu": value})
		}, found)
	}
}

// fragile reports whether a schema is for more than plain text.
func fragile(path string, s apiextensionsv1.JSONSchemaProps) bool {
	return s.XIntOrString || s.Type == "integer" || s.Type == "boolean" || isTime(s) || isDuration(s) || strings.HasPrefix(path, ".spec") && s.Type == "array"
}

func isTime(s apiextensionsv1.JSONSchemaProps) bool { return strings.Contains(s.Pattern, "T([01]") }

func isDuration(s apiextensionsv1.JSONSchemaProps) bool {
	return strings.Contains(s.Pattern, "h)?(") || strings.Contains(s.Pattern, "ms|")
}

// likely lists values that fields of this kind mostly take.
func likely(s apiextensionsv1.JSONSchemaProps) []json.RawMessage {
	switch {
	case isTime(s):
		return raw(`"2026-01-31T12:00:00Z"`, `"2024-02-29T23:59:59.5+14:00"`)
	case isDuration(s):
		return raw(`"1h"`, `"720h"`, `"24h30m"`, `"1s"`, `"1500ms"`, `"2.5s"`, `"100ms"`)
	case s.XIntOrString:
		return raw(`"8Gi"`, `"4096Mi"`, `"1024Ki"`, `"500m"`, `1048576`, `4294967296`, `1`)
	case s.Type == "integer":
		return raw(`1`, `3`, `10`, `100`, `65535`)
	case s.Type == "boolean":
		return raw(`true`, `false`)
	}
	return raw(`[]`)
}

// complete is an object with one property set to a value and all the others
// that are required set to something that is accepted.
func complete(s apiextensionsv1.JSONSchemaProps, name string, value any) map[string]any {
	object := filled(s)
	object[name] = value
	return object
}

func filled(s apiextensionsv1.JSONSchemaProps) map[string]any {
	object := map[string]any{}
	for _, required := range s.Required {
		object[required] = fill(s.Properties[required])
		if required == "url" {
			object[required] = "s3://odd"
		}
	}
	return object
}

func fill(s apiextensionsv1.JSONSchemaProps) any {
	switch {
	case len(s.Enum) > 0:
		return json.RawMessage(s.Enum[0].Raw)
	case isTime(s):
		return "2026-01-31T12:00:00Z"
	case s.XIntOrString:
		return 1
	case s.Type == "string":
		return "odd"
	case s.Type == "integer":
		return 1
	case s.Type == "array":
		return []any{}
	case s.Type == "boolean":
		return true
	default:
		return filled(s)
	}
}
