package resource

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Drift says where a live object lacks what was built, by path; empty when it
// has it all. What the server or others added is no drift, so an untouched
// object never drifts; a field that is no longer built shows in the annotation
// with the applied hash.
//
// It finds exactly what an apply of want would mend, neither less nor more:
// otherwise the operator would overlook, or write for ever. Hence the lists
// and maps below are those of server-side apply.
//
// The reason never quotes text: it goes into Events, and env may hold secrets.
func Drift(live, want Object) string {
	if reflect.TypeOf(live) != reflect.TypeOf(want) {
		return "kind"
	}
	return subset("", decided(live), decided(want))
}

// ImmutableDrift is the part of Drift that the API server refuses to mend in a
// live StatefulSet: it must be deleted, its pods orphaned, and created anew.
// Empty for every other kind.
func ImmutableDrift(live, want Object) string {
	if want.GetObjectKind().GroupVersionKind().Kind != "StatefulSet" {
		return ""
	}
	have, should := child(decided(live), "spec"), child(decided(want), "spec")
	for _, field := range []string{"serviceName", "selector", "podManagementPolicy", "volumeClaimTemplates"} {
		if path := compare("spec."+field, have[field], should[field]); path != "" {
			return path
		}
		if has(have, field) && !has(should, field) {
			return "spec." + field
		}
	}
	return ""
}

// mergeKeys are the lists, by path, that server-side apply merges by key:
// entries of others stay. Every other list is one value.
var mergeKeys = map[string][]string{
	"metadata.ownerReferences":                       {"uid"},
	"spec.ports":                                     {"port", "protocol"},
	"spec.template.spec.containers":                  {"name"},
	"spec.template.spec.containers.env":              {"name"},
	"spec.template.spec.containers.ports":            {"containerPort", "protocol"},
	"spec.template.spec.containers.volumeMounts":     {"mountPath"},
	"spec.template.spec.containers.resources.claims": {"name"},
	"spec.template.spec.imagePullSecrets":            {"name"},
	"spec.template.spec.topologySpreadConstraints":   {"topologyKey", "whenUnsatisfiable"},
	"spec.template.spec.volumes":                     {"name"},
}

// defaultedLists are lists that are one value, whose entries the server
// completes with defaults.
var defaultedLists = []string{"spec.volumeClaimTemplates"}

// atomicMaps are the maps, by the last part of their path, that server-side
// apply replaces whole: an entry more selects something else.
var atomicMaps = []string{"selector", "labelSelector", "podSelector", "namespaceSelector", "nodeSelector"}

// compare returns the path of the first difference.
func compare(path string, live, want any) string {
	switch want := want.(type) {
	case nil:
		return ""
	case map[string]any:
		have, ok := live.(map[string]any)
		switch {
		case !ok:
			return path
		case slices.Contains(atomicMaps, path[strings.LastIndex(path, ".")+1:]):
			return exact(path, have, want)
		}
		return subset(path, have, want)
	case []any:
		have, _ := live.([]any)
		return compareLists(path, have, want)
	default:
		return compareScalars(path, live, want)
	}
}

// subset looks at what want has; what only live has is not ours.
func subset(path string, live, want map[string]any) string {
	for _, field := range sortedKeys(want) {
		if want[field] == nil {
			continue
		}
		at := join(path, field)
		if !has(live, field) {
			return at
		}
		if found := compare(at, live[field], want[field]); found != "" {
			return found
		}
	}
	return ""
}

func compareLists(path string, live, want []any) string {
	if keys := mergeKeys[indexless(path)]; keys != nil {
		return mergeList(path, keys, live, want)
	}
	if !slices.Contains(defaultedLists, path) {
		return exact(path, live, want)
	}
	if len(live) != len(want) {
		return path
	}
	for i := range want {
		if found := compare(fmt.Sprintf("%s[%d]", path, i), live[i], want[i]); found != "" {
			return found
		}
	}
	return ""
}

// mergeList matches entries by key; their order means nothing.
func mergeList(path string, keys []string, live, want []any) string {
	for _, w := range want {
		key := entryKey(w, keys)
		at := fmt.Sprintf("%s[%s]", path, key)
		i := slices.IndexFunc(live, func(l any) bool { return entryKey(l, keys) == key })
		if i < 0 {
			return at
		}
		if found := compare(at, live[i], w); found != "" {
			return found
		}
	}
	return ""
}

func entryKey(entry any, keys []string) string {
	fields, _ := entry.(map[string]any)
	var parts []string
	for _, key := range keys {
		parts = append(parts, fmt.Sprint(fields[key]))
	}
	return strings.Join(parts, ",")
}

func exact(path string, live, want any) string {
	if reflect.DeepEqual(live, want) {
		return ""
	}
	return path
}

// compareScalars compares amounts of resources by value, all else as it is.
func compareScalars(path string, live, want any) string {
	if live == want || isAmount(path) && sameAmount(live, want) {
		return ""
	}
	switch want.(type) {
	case bool, int64, float64:
		return fmt.Sprintf("%s is %v, not %v", path, live, want)
	}
	return path
}

var amounts = regexp.MustCompile(`\.(requests|limits)[.\[]|\.divisor$`)

func isAmount(path string) bool { return amounts.MatchString(path) }

func sameAmount(live, want any) bool {
	a, errA := resource.ParseQuantity(fmt.Sprint(live))
	b, errB := resource.ParseQuantity(fmt.Sprint(want))
	return errA == nil && errB == nil && a.Cmp(b) == 0
}
