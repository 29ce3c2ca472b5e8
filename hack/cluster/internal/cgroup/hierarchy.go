package cgroup

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchy is one mounted cgroup tree.
type hierarchy struct {
	root    string
	v2      bool
	options []string // version 1: the controllers, or name=systemd
}

func (h hierarchy) path(group string) string { return filepath.Join(h.root, group) }

func (h hierarchy) has(controller string) bool { return slices.Contains(h.options, controller) }

// hierarchies lists the trees in use. Where version 1 controllers are mounted, a version 2 tree beside them has none
// and is left out.
func hierarchies() ([]hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var v1, v2 []hierarchy
	for lines := bufio.NewScanner(f); lines.Scan(); {
		h, ok := parseMount(lines.Text())
		switch {
		case !ok:
		case h.v2:
			v2 = append(v2, h)
		case !slices.ContainsFunc(v1, func(o hierarchy) bool { return slices.Equal(o.options, h.options) }):
			v1 = append(v1, h)
		}
	}
	if len(v1) > 0 {
		return v1, nil
	}
	if len(v2) > 0 {
		return v2[:1], nil
	}
	return nil, fmt.Errorf("no cgroups are mounted on this machine; the kubelet needs them below /sys/fs/cgroup")
}

// parseMount reads a mountinfo line; ok is false when it is not a cgroup tree.
func parseMount(line string) (hierarchy, bool) {
	before, after, found := strings.Cut(line, " - ")
	fields, tail := strings.Fields(before), strings.Fields(after)
	if !found || len(fields) < 5 || len(tail) < 3 {
		return hierarchy{}, false
	}
	switch tail[0] {
	case "cgroup2":
		return hierarchy{root: fields[4], v2: true}, true
	case "cgroup":
		options := slices.DeleteFunc(strings.Split(tail[2], ","), func(o string) bool {
			return o == "rw" || o == "ro" || o == "xattr" || strings.HasPrefix(o, "release_agent=")
		})
		return hierarchy{root: fields[4], options: options}, true
	}
	return hierarchy{}, false
}
