package plan

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// decidePurely calls Next on a view and on a deep copy of it: equal arguments,
// equal decision, and neither is changed. Every story decides through it.
func decidePurely(t *testing.T, desired Desired, seen Observation) Decision {
	t.Helper()
	deep := clone(t, seen)
	d := Next(desired, seen)
	if diff := cmp.Diff(deep, seen, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Next changed what it was shown (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(d, Next(desired, deep), cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Next decided differently on equal arguments:\n%s", diff)
	}
	if d.Rule == "" || d.Reason == "" || d.Message == "" || (d.Action != nil) != (d.Outcome == OutcomeAct) {
		t.Fatalf("a decision is incomplete: %+v", d)
	}
	return d
}

func clone(t *testing.T, seen Observation) Observation {
	t.Helper()
	text, err := json.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	var deep Observation
	if err := json.Unmarshal(text, &deep); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seen, deep, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("the copy is not whole:\n%s", diff)
	}
	return deep
}

// TestImports holds the planner to what it may know: no client, clock, logger
// or context.
func TestImports(t *testing.T) {
	may := []string{
		"cmp", "fmt", "maps", "slices", "strings",
		"github.com/quorate/quorate/internal/control",
		"github.com/quorate/quorate/internal/etcd",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(may, path) {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

// TestDependencies looks at what comes with the imports.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, path := range strings.Fields(string(out)) {
		first, _, _ := strings.Cut(path, "/")
		ours := strings.HasPrefix(path, "github.com/quorate/quorate/internal/")
		if strings.Contains(first, ".") && !ours || first == "net" || first == "log" || first == "context" {
			t.Errorf("the planner depends on %s", path)
		}
	}
}
