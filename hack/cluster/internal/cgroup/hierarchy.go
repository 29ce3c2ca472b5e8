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

// hierarchies lists the trees that groups are made in. Where version 1 controllers are mounted, a version 2 tree
// beside them has none and is left out.
func hierarchies() ([]hierarchy, error) {
	all, err := mounted()
	if err != nil {
		return nil, err
	}
	if v1 := slices.DeleteFunc(slices.Clone(all), func(h hierarchy) bool { return h.v2 }); len(v1) > 0 {
		return v1, nil
	}
	if len(all) > 0 {
		return all[:1], nil
	}
	return nil, fmt.Errorf("no cgroups are mounted on this machine; the kubelet needs them below /sys/fs/cgroup")
}

// mounted lists every mounted tree once. Container runtimes make groups in all of them.
func mounted() ([]hierarchy, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []hierarchy
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		h, ok := parseMount(lines.Text())
		if ok && !slices.ContainsFunc(all, h.same) {
			all = append(all, h)
		}
	}
	return all, lines.Err()
}

func (h hierarchy) same(o hierarchy) bool { return h.v2 == o.v2 && slices.Equal(h.options, o.options) }

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
