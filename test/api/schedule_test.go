package api

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestScheduleColumns: `kubectl get etcdbackupschedules` prints what a person looks
// for; the data of its backups goes with them unless the template says otherwise.
func TestScheduleColumns(t *testing.T) {
	namespace := makeNamespace(t, "schedules")
	mustKubectl(t, "", "apply", "-n", namespace, "-f", filepath.Join(testdata, "valid", "schedule-daily.yaml"))
	mustKubectl(t, "", "patch", "etcdbackupschedule/schedule-daily", "-n", namespace, "--subresource=status", "--type=merge",
		"-p", `{"status":{"nextScheduleTime":"2126-11-29T00:00:00Z","lastSuccessfulTime":"2026-01-01T00:00:00Z",
"conditions":[{"type":"Scheduled","status":"True","reason":"StillRunning","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`)
	lines := strings.Split(strings.TrimSpace(mustKubectl(t, "", "get", "etcdbackupschedules", "-n", namespace)), "\n")
	wantFields(t, lines[0], "NAME", "CLUSTER", "SCHEDULE", "SUSPEND", "LAST", "SUCCESS", "NEXT", "REASON", "DRILL", "AGE")
	for _, want := range []string{"schedule-daily", "demo", "@daily", "2126-11-29T00:00:00Z", "StillRunning"} {
		if !strings.Contains(lines[1], want) {
			t.Errorf("%q lacks %q", lines[1], want)
		}
	}
	got := mustKubectl(t, "", "get", "etcdbackupschedules/schedule-daily", "-n", namespace, "-o", "jsonpath={.spec.template.deletionPolicy}")
	if got != "Delete" {
		t.Errorf("the default of deletionPolicy is %q", got)
	}
	for _, field := range []string{"", ".spec.retention", ".spec.template.deletionPolicy", ".status.nextScheduleTime"} {
		if out := mustKubectl(t, "", "explain", "etcdbackupschedule"+field); strings.Contains(out, "<empty>") || !strings.Contains(out, "DESCRIPTION:") {
			t.Errorf("%s is not explained:\n%s", field, out)
		}
	}
}
