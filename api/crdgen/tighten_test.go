package main

import (
	"regexp"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

func TestQuantityPattern(t *testing.T) {
	pattern := regexp.MustCompile(quantity)
	for _, text := range []string{"0", "1", "500m", "0.5", "1.5Gi", "8Gi", "100n", "9223372036854775807"} {
		if !pattern.MatchString(text) {
			t.Errorf("%q is refused", text)
		}
		if _, err := resource.ParseQuantity(text); err != nil {
			t.Errorf("%q is accepted and Go says: %v", text, err)
		}
	}
	for _, text := range []string{"", "1e3", "1e1.5", "1e-999999999", "-1", "+1", ".5", "5.", "1 Gi", "1gi", "1K"} {
		if pattern.MatchString(text) {
			t.Errorf("%q is accepted", text)
		}
	}
}

// TestDateTimePattern walks over every day of 400 years, and the days beside
// them that do not exist: the pattern and time.Parse say the same.
func TestDateTimePattern(t *testing.T) {
	pattern := regexp.MustCompile(dateTime)
	for year := 1900; year < 2300; year++ {
		for month := 0; month <= 13; month++ {
			for day := 28; day <= 32; day++ {
				agree(t, pattern, stamp(year, month, day))
			}
			agree(t, pattern, stamp(year, month, 0))
			agree(t, pattern, stamp(year, month, 1))
		}
	}
}

func TestDateTimePatternTimes(t *testing.T) {
	pattern := regexp.MustCompile(dateTime)
	for _, text := range []string{
		"2026-01-31T00:00:00Z", "2026-01-31T23:59:59.999999999Z", "2026-01-31T12:00:00+14:00", "2026-01-31T12:00:00-00:00",
		"2026-01-31t12:00:00Z", "2026-01-31T12:00:00z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z",
		"2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-01-31T12:00Z", "0000-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	} {
		agree(t, pattern, text)
	}
}

func agree(t *testing.T, pattern *regexp.Regexp, text string) {
	t.Helper()
	_, err := time.Parse(time.RFC3339, text)
	if accepted := pattern.MatchString(text); accepted != (err == nil) {
		t.Errorf("%s: accepted %v, and Go says %v", text, accepted, err)
	}
}

func stamp(year, month, day int) string {
	two := func(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }
	return two(year/100) + two(year%100) + "-" + two(month) + "-" + two(day) + "T12:00:00Z"
}

func TestTighten(t *testing.T) {
	properties := schema{
		"cpu":   schema{"x-kubernetes-int-or-string": true, "pattern": looseQuantity},
		"size":  schema{"x-kubernetes-int-or-string": true, "maxLength": 20, "allOf": []any{schema{"pattern": looseQuantity}, schema{"pattern": "^[0-9]+Gi$"}}},
		"at":    schema{"type": "string", "format": "date-time"},
		"many":  schema{"type": "array", "items": schema{"type": "integer", "format": "int32"}},
		"each":  schema{"type": "object", "additionalProperties": schema{"type": "integer", "format": "int64", "minimum": 1}},
		"plain": schema{"type": "string"},
	}
	crd := schema{"spec": schema{"versions": []any{schema{"schema": schema{"openAPIV3Schema": schema{"properties": properties}}}}}}
	if err := tighten(crd); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		path  []string
		value any
	}{
		{[]string{"cpu", "pattern"}, quantity},
		{[]string{"cpu", "maxLength"}, 32},
		{[]string{"size", "pattern"}, "^[0-9]+Gi$"},
		{[]string{"size", "maxLength"}, 20},
		{[]string{"size", "allOf"}, nil},
		{[]string{"at", "pattern"}, dateTime},
		{[]string{"at", "format"}, nil},
		{[]string{"many", "items", "maximum"}, maxInt32},
		{[]string{"each", "additionalProperties", "minimum"}, 1},
		{[]string{"each", "additionalProperties", "maximum"}, maxInt64},
		{[]string{"plain", "pattern"}, nil},
	} {
		if got := at(properties, want.path...); got != want.value {
			t.Errorf("%v is %v, want %v", want.path, got, want.value)
		}
	}
}

func TestTightenRefusesWhatIsNoCRD(t *testing.T) {
	if err := tighten(schema{"kind": "ConfigMap"}); err == nil {
		t.Error("accepted")
	}
}
