package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func pages(t *testing.T) []Page {
	t.Helper()
	all, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	// path is a path of this repository in code: in a command or between backticks.
	path = regexp.MustCompile("(?:^|[\\s`\"=])((?:api|cmd|config|controllers|docs|hack|internal|test|\\.ci)/[\\w./-]*\\w|go\\.mod|Makefile|\\.golangci\\.yml)")
	// target is a target of the Makefile.
	target = regexp.MustCompile("(?m)(?:^|[`(]|&& )make ([a-z][a-z-]+)")
	test   = regexp.MustCompile(`\bTest[A-Z]\w+`)
	story  = regexp.MustCompile("`(\\w+\\.txt)`")
)

// TestLinks: every link within the repository leads somewhere.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(page.Text, -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page.Path), found[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", page.Path, found[1])
			}
		}
	}
}

// TestPaths: every file and folder that is named exists.
func TestPaths(t *testing.T) {
	for _, page := range pages(t) {
		for _, found := range path.FindAllStringSubmatch(page.Text, -1) {
			if _, err := os.Stat(filepath.Join(root, found[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", page.Path, found[1])
			}
		}
	}
}

// TestTargets: every make target that is named exists.
func TestTargets(t *testing.T) {
	known := targets(t)
	for _, page := range pages(t) {
		for _, found := range target.FindAllStringSubmatch(page.Text, -1) {
			if !known[found[1]] {
				t.Errorf("%s says make %s, which the Makefile does not have", page.Path, found[1])
			}
		}
	}
}

// TestHelp: the targets that the project stands on are explained by make help.
func TestHelp(t *testing.T) {
	text := makefiles(t)
	for _, name := range []string{"demo", "test", "e2e", "bench", "soak", "lint", "generate", "images", "cluster-up", "cluster-down", "cluster-status"} {
		if !regexp.MustCompile(`(?m)^` + name + `:.*## \w`).MatchString(text) {
			t.Errorf("make help does not explain %s", name)
		}
	}
}

func targets(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^([a-z][a-z-]+):`).FindAllStringSubmatch(makefiles(t), -1) {
		known[found[1]] = true
	}
	return known
}

func makefiles(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "hack/make/*.mk"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range append(files, filepath.Join(root, "Makefile")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(content)
	}
	return text.String()
}

// TestTestsExist: every test and story that is named exists.
func TestTestsExist(t *testing.T) {
	known := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "." && entry.Name() != "..":
			return filepath.SkipDir
		case strings.HasSuffix(file, ".txt"):
			known[entry.Name()] = true
		case strings.HasSuffix(file, "_test.go"):
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(content, -1) {
				known[string(found[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages(t) {
		named := test.FindAllString(page.Text, -1)
		for _, found := range story.FindAllStringSubmatch(page.Text, -1) {
			named = append(named, found[1])
		}
		for _, name := range named {
			if !known[name] {
				t.Errorf("%s names %s, which does not exist", page.Path, name)
			}
		}
	}
}
