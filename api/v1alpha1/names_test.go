package v1alpha1

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
)

// TestReasons: Kubernetes refuses a condition whose reason is not CamelCase,
// and a name that differs from its value misleads.
func TestReasons(t *testing.T) {
	camelCase := regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	for name, value := range constants(t, "reasons.go", "conditions.go") {
		if !camelCase.MatchString(value) {
			t.Errorf("%s = %q is not CamelCase", name, value)
		}
		if !strings.HasSuffix(name, value) {
			t.Errorf("%s = %q: the name says something else", name, value)
		}
	}
}

// constants reads the string constants of source files.
func constants(t *testing.T, files ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found[spec.Names[0].Name] = value
			return false
		})
	}
	return found
}

func TestScheme(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	made, err := scheme.New(GroupVersion.WithKind(KindEtcdCluster))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := made.(*EtcdCluster); !ok {
		t.Errorf("%s is a %T", KindEtcdCluster, made)
	}
}
