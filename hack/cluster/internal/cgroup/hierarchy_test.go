package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestParseMount(t *testing.T) {
	for line, want := range map[string]hierarchy{
		"30 24 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct":            {root: "/sys/fs/cgroup/cpu", options: []string{"cpu", "cpuacct"}},
		"31 24 0:27 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd": {root: "/sys/fs/cgroup/systemd", options: []string{"name=systemd"}},
		"32 24 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate":                        {root: "/sys/fs/cgroup", v2: true},
	} {
		got, ok := parseMount(line)
		if !ok || got.root != want.root || got.v2 != want.v2 || !slices.Equal(got.options, want.options) {
			t.Errorf("%s: got %+v, %t", line, got, ok)
		}
	}
	for _, line := range []string{"33 24 0:29 / /proc rw - proc proc rw", "", "x - y"} {
		if h, ok := parseMount(line); ok {
			t.Errorf("%q was taken for %+v", line, h)
		}
	}
}

func TestInherit(t *testing.T) {
	parent, child := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(parent, "cpuset.cpus"), []byte("0-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := inherit(parent, child, "cpuset.cpus"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(child, "cpuset.cpus")); string(got) != "0-1\n" {
		t.Fatalf("got %q", got)
	}
}
