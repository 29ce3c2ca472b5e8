package host

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSettingsComeBack(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, "kernel", "panic")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	set := func(value string) {
		if err := os.WriteFile(name, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "settings.json")
	set("0\n")
	for range 2 { // the second time must not remember what the kubelet made of it
		if err := remember(root, file); err != nil {
			t.Fatal(err)
		}
		set("10\n")
	}
	if err := restore(root, file); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "0" {
		t.Errorf("got %q", got)
	}
	if err := restore(root, file+".missing"); err != nil {
		t.Errorf("nothing remembered: %v", err)
	}
}

func TestWatchersAreRaisedAndNeverLowered(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, watchers)
	if err := allowWatchers(root); err != nil {
		t.Fatalf("a kernel without the setting: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	for have, want := range map[string]string{"128\n": "1024", "8192\n": "8192\n"} {
		if err := os.WriteFile(name, []byte(have), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := allowWatchers(root); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(name); string(got) != want {
			t.Errorf("%q became %q, want %q", have, got, want)
		}
	}
}
