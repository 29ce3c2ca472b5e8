package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestReasonsAreDocumented: whoever reads a reason on a condition finds its
// meaning and the next step.
func TestReasonsAreDocumented(t *testing.T) {
	explained := read(t, "docs/observe.md")
	for _, reason := range reasons(t) {
		row := regexp.MustCompile("(?m)^\\| `" + reason + "` \\| [^|]+ \\| [^|]+ \\|$")
		if !row.MatchString(explained) {
			t.Errorf("docs/observe.md has no row for the reason %s", reason)
		}
	}
}

// reasons are those that the planner and the agent know, and those that the
// status takes from the API.
func reasons(t *testing.T) []string {
	t.Helper()
	planner := constants(t, "internal/plan/reason.go")
	agent := constants(t, "internal/control/types.go")
	status := constants(t, "internal/status/conditions.go")
	public := constants(t, "api/v1alpha1/reasons.go")
	var all []string
	schedules := constants(t, "internal/backup/series/decision.go")
	drills := constants(t, "internal/backup/drill/decision.go")
	for _, set := range []map[string]string{planner, agent, status, schedules, drills} {
		for name, value := range set {
			if strings.HasPrefix(name, "Reason") || strings.HasPrefix(name, "reason") {
				all = append(all, value)
			}
		}
	}
	for _, found := range regexp.MustCompile(`v1alpha1\.(Reason\w+)`).FindAllStringSubmatch(read(t, "internal/status/conditions.go"), -1) {
		value, ok := public[found[1]]
		if !ok {
			t.Errorf("the status uses %s, which api/v1alpha1/reasons.go does not have", found[1])
		}
		all = append(all, value)
	}
	if len(all) < 40 {
		t.Fatalf("only %d reasons were found: this test reads the wrong files", len(all))
	}
	return all
}

// constants returns a file's string constants by name.
func constants(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING && i < len(spec.Names) {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					all[spec.Names[i].Name] = text
				}
			}
		}
		return true
	})
	return all
}

// TestMetricsAreDocumented: so are the metrics.
func TestMetricsAreDocumented(t *testing.T) {
	explained := read(t, "docs/observe.md")
	source := read(t, "controllers/metrics.go")
	found := regexp.MustCompile(`gauge\("(\w+)"|Name: "(\w+_total)"`).FindAllStringSubmatch(source, -1)
	if len(found) < 8 {
		t.Fatalf("only %d metrics were found: this test reads the wrong file", len(found))
	}
	for _, m := range found {
		if name := "quorate_cluster_" + m[1] + m[2]; !strings.Contains(explained, "| `"+name+"` |") {
			t.Errorf("docs/observe.md has no row for the metric %s", name)
		}
	}
	drills := regexp.MustCompile(`drillGauge\("(\w+)"`).FindAllStringSubmatch(read(t, "controllers/drillmetrics.go"), -1)
	if len(drills) < 3 {
		t.Fatalf("only %d metrics of drills were found: this test reads the wrong file", len(drills))
	}
	for _, m := range drills {
		if name := "quorate_schedule_" + m[1]; !strings.Contains(explained, "| `"+name+"` |") {
			t.Errorf("docs/observe.md has no row for the metric %s", name)
		}
	}
}

// TestConditionsAreDocumented: and the conditions.
func TestConditionsAreDocumented(t *testing.T) {
	explained := read(t, "docs/observe.md")
	for name, value := range constants(t, "api/v1alpha1/conditions.go") {
		if strings.HasPrefix(name, "Condition") && !strings.Contains(explained, "| `"+value+"` |") {
			t.Errorf("docs/observe.md has no row for the condition %s", value)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
