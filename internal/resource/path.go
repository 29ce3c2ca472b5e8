package resource

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var index = regexp.MustCompile(`\[[^\]]*\]`)

// indexless returns a path without the entries of lists that it goes through.
func indexless(path string) string { return index.ReplaceAllString(path, "") }

// join appends a field to a path. One with dots, as labels have, is an entry.
func join(path, field string) string {
	switch {
	case path == "":
		return field
	case strings.ContainsAny(field, "./"):
		return path + "[" + field + "]"
	}
	return path + "." + field
}

func has(m map[string]any, field string) bool {
	value, ok := m[field]
	return ok && value != nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
