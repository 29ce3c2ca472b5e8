package image

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func build(t *testing.T, out string, touched time.Time) []byte {
	t.Helper()
	dir := t.TempDir()
	source := filepath.Join(dir, "tool")
	if err := os.WriteFile(source, []byte("binary"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(source, touched, touched); err != nil {
		t.Fatal(err)
	}
	s := Spec{Name: "quorate.test/tool:1", User: "65532:65532", Files: map[string]string{"/usr/bin/tool": source}}
	path := filepath.Join(dir, out)
	if err := Build(s, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err != nil || len(a.Names) != 1 || a.Names[0] != s.Name || len(a.Config) != 64 {
		t.Fatalf("%+v, %v", a, err)
	}
	return text
}

func TestSameInputSameBytes(t *testing.T) {
	first := build(t, "a.tar", time.Unix(1, 0))
	second := build(t, "b.tar", time.Unix(2_000_000_000, 0))
	if !bytes.Equal(first, second) {
		t.Fatal("two images of the same file differ")
	}
}

func TestRefusals(t *testing.T) {
	out := filepath.Join(t.TempDir(), "x.tar")
	for what, s := range map[string]Spec{
		"no file":      {Name: "a:1"},
		"no tag":       {Name: "a", Files: map[string]string{"/a": "/bin/true"}},
		"no such file": {Name: "a/b:1", Files: map[string]string{"/a": "/does/not/exist"}},
		"which starts": {Name: "a/b:1", Files: map[string]string{"/a": "/bin/true", "/b": "/bin/true"}},
	} {
		if err := Build(s, out); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := Open(out); err == nil {
		t.Error("a missing tarball was opened")
	}
}

func TestParseFile(t *testing.T) {
	for arg, want := range map[string][2]string{
		"bin/etcd":           {"bin/etcd", "/etcd"},
		"bin/etcd:/usr/e":    {"bin/etcd", "/usr/e"},
		"bin/etcd:/usr/../e": {"bin/etcd", "/e"},
	} {
		source, destination, err := ParseFile(arg)
		if err != nil || source != want[0] || destination != want[1] {
			t.Errorf("%s: %s, %s, %v", arg, source, destination, err)
		}
	}
	for _, arg := range []string{"", ":/x", "a:relative"} {
		if _, _, err := ParseFile(arg); err == nil {
			t.Errorf("%q was accepted", arg)
		}
	}
}
