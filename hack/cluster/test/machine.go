package test

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quorate/quorate/hack/cluster/internal/state"
)

// Traces lists everything on the machine that belongs to the cluster of a layout, outside its state folder.
func Traces(l state.Layout) []string {
	var found []string
	for _, look := range []func(state.Layout) []string{processes, mounts, loops, namespaces, cgroups, folders} {
		found = append(found, look(l)...)
	}
	slices.Sort(found)
	return found
}

// HostNetwork lists the links and nftables of the host's own network namespace.
func HostNetwork() []string {
	var found []string
	links, _ := net.Interfaces()
	for _, link := range links {
		found = append(found, "link "+link.Name)
	}
	tables, _ := exec.Command("nft", "list", "tables").Output()
	for line := range strings.Lines(string(tables)) {
		found = append(found, "nft "+strings.TrimSpace(line))
	}
	slices.Sort(found)
	return found
}

func processes(l state.Layout) []string {
	var found []string
	pids, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range pids {
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		group, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		ours := bytes.Contains(group, []byte(l.Cgroup())) || bytes.Contains(line, []byte(l.Run()))
		if ours && !zombie(dir) {
			found = append(found, "pid "+filepath.Base(dir)+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return found
}

// zombie reports whether what is at /proc/PID has ended and only waits for the machine's init to notice.
func zombie(dir string) bool {
	text, _ := os.ReadFile(filepath.Join(dir, "stat"))
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	return len(fields) == 0 || fields[0][0] == 'Z' || fields[0][0] == 'X'
}

func mounts(l state.Layout) []string {
	text, _ := os.ReadFile("/proc/self/mountinfo")
	return linesWith("mount", string(text), l.Root+"/", l.Run()+"/", "/q"+l.ID)
}

func loops(l state.Layout) []string {
	text, _ := exec.Command("losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE").Output()
	return linesWith("loop", string(text), l.Root+"/")
}

func linesWith(what, text string, parts ...string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(line, p) }) {
			found = append(found, what+" "+strings.TrimSpace(line))
		}
	}
	return found
}

func namespaces(l state.Layout) []string {
	found, _ := filepath.Glob("/run/netns/q" + l.ID + "-*")
	return found
}

func folders(l state.Layout) []string {
	if _, err := os.Stat(l.Run()); err == nil {
		return []string{l.Run()}
	}
	return nil
}

func cgroups(l state.Layout) []string {
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == l.Cgroup() {
			found = append(found, path)
			return filepath.SkipDir
		}
		return nil
	})
	return found
}
