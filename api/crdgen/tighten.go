package main

import "fmt"

type schema = map[string]any

// Patterns for what the API server checks less strictly than Go decodes.
const (
	// looseQuantity is controller-gen's. It lets 1e1.5 pass, which Go does not
	// parse, and 1e-999999999, which hangs it.
	looseQuantity = `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`
	// quantity has no exponents and no signs.
	quantity = `^[0-9]{1,19}(\.[0-9]{1,9})?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`
	// dateTime is what time.RFC3339 parses, leap years included. It replaces
	// the format date-time, with which the API server takes small letters, an
	// hour of 99, and even a list.
	dateTime = `^(` + date + `)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	date     = `[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])` +
		`|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)` +
		`|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])` +
		`|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29`
)

// Limits for integers. Larger ones become floats on the way and overflow.
const (
	maxQuantityInteger = 9007199254740991
	maxInt64           = 9007199254740991
	maxInt32           = 2147483647
)

// tighten makes every schema of the CRD accept only what Go decodes.
func tighten(crd schema) error {
	versions, ok := at(crd, "spec", "versions").([]any)
	if !ok {
		return fmt.Errorf("no spec.versions")
	}
	for _, v := range versions {
		root, ok := at(v, "schema", "openAPIV3Schema").(schema)
		if !ok {
			return fmt.Errorf("a version without a schema")
		}
		walk(root, strict)
		restrain(root)
	}
	return nil
}

// strict tightens one schema by what kind of value it is for.
func strict(s schema) {
	switch {
	case s["x-kubernetes-int-or-string"] == true:
		strictQuantity(s)
	case s["format"] == "date-time":
		delete(s, "format")
		s["pattern"] = dateTime
		s["maxLength"] = 35
	case s["type"] == "integer" && s["format"] == "int32":
		bound(s, maxInt32)
	case s["type"] == "integer":
		bound(s, maxInt64)
	}
}

func strictQuantity(s schema) {
	if s["pattern"] == looseQuantity {
		s["pattern"] = quantity
	}
	if own := ownPattern(s); own != "" {
		s["pattern"] = own
		delete(s, "allOf")
	}
	s["minimum"], s["maximum"] = 0, maxQuantityInteger
	if s["maxLength"] == nil {
		s["maxLength"] = 32
	}
}

// ownPattern is the pattern of a marker that controller-gen put beside its own,
// so that both would be named to whom it refuses.
func ownPattern(s schema) string {
	both, _ := s["allOf"].([]any)
	own := ""
	for _, one := range both {
		pattern, _ := at(one, "pattern").(string)
		if pattern != looseQuantity {
			own = pattern
		}
	}
	return own
}

func bound(s schema, limit int) {
	if s["maximum"] == nil {
		s["maximum"] = limit
	}
	if s["minimum"] == nil {
		s["minimum"] = -limit
	}
}

// walk visits a schema and all below it.
func walk(s schema, visit func(schema)) {
	visit(s)
	if properties, ok := s["properties"].(schema); ok {
		for _, p := range properties {
			walk(p.(schema), visit)
		}
	}
	for _, below := range []string{"items", "additionalProperties"} {
		if next, ok := s[below].(schema); ok {
			walk(next, visit)
		}
	}
}

// at follows a path of keys, and is nil where it ends early.
func at(v any, path ...string) any {
	for _, key := range path {
		m, ok := v.(schema)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}
