package resource

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// changes says in one clause how two inputs differ, field by field. It quotes
// values of etcd's own settings only: what is in env may be a secret.
func changes(have, want restartInputs) string {
	found := differences("", fields(have), fields(want))
	return strings.Join(found, "; ")
}

func fields(in restartInputs) map[string]any {
	content := map[string]any{}
	if err := json.Unmarshal(encode(in), &content); err != nil {
		panic(err) // it was just encoded
	}
	return content
}

// differences lists what differs below a path.
func differences(path string, have, want map[string]any) []string {
	var found []string
	for _, key := range union(have, want) {
		at := strings.TrimPrefix(path+"."+key, ".")
		a, b := have[key], want[key]
		if reflect.DeepEqual(a, b) {
			continue
		}
		// Which part of a pod's affinity differs says nothing to anybody.
		if inner := !strings.HasPrefix(at, "podTemplate."); inner && (isMap(a) || isMap(b)) {
			found = append(found, differences(at, asMap(a), asMap(b))...)
			continue
		}
		found = append(found, difference(at, a, b))
	}
	return found
}

func difference(at string, have, want any) string {
	switch {
	case at == "quotaBytes":
		return fmt.Sprintf("spec.etcd.quotaBackend %s -> %s", size(have), size(want))
	case at == "plaintext":
		return "spec.tls.disabled"
	case at == "version" || strings.HasPrefix(at, "etcd."):
		return fmt.Sprintf("spec.%s %s -> %s", at, value(have), value(want))
	default:
		return "spec." + at
	}
}

// maxValue is how much of a value is quoted.
const maxValue = 60

func value(v any) string {
	if v == nil {
		return "default"
	}
	text := fmt.Sprint(v)
	if number, ok := v.(float64); ok {
		text = fmt.Sprintf("%.0f", number)
	}
	if len(text) > maxValue {
		text = text[:maxValue] + "..."
	}
	return text
}

func size(v any) string {
	bytes, _ := v.(float64)
	return resource.NewQuantity(int64(bytes), resource.BinarySI).String()
}

func isMap(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func union(a, b map[string]any) []string {
	keys := sortedKeys(a)
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
