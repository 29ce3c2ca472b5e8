package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Make creates a group, such as "a/b/c", with its parents, in every hierarchy.
func Make(group string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		if err := h.make(group); err != nil {
			return fmt.Errorf("make cgroup %s: %w", h.path(group), err)
		}
	}
	return nil
}

func (h hierarchy) make(group string) error {
	parent := h.root
	for _, part := range strings.Split(group, "/") {
		if h.v2 {
			if err := enableControllers(parent); err != nil {
				return err
			}
		}
		child := filepath.Join(parent, part)
		if err := os.MkdirAll(child, 0o755); err != nil {
			return err
		}
		if h.has("cpuset") {
			if err := inherit(parent, child, "cpuset.cpus", "cpuset.mems"); err != nil {
				return err
			}
		}
		parent = child
	}
	return nil
}

// enableControllers lets the children of a version 2 group have every controller it has itself.
func enableControllers(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, c := range strings.Fields(string(text)) {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("enable %s below %s: %w", c, dir, err)
		}
	}
	return nil
}

// inherit copies files that a new version 1 group starts without and cannot be used without.
func inherit(parent, child string, files ...string) error {
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(parent, f))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(child, f), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Join moves a pid into a group, in every hierarchy.
func Join(group string, pid int) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		procs := filepath.Join(h.path(group), "cgroup.procs")
		if err := os.WriteFile(procs, []byte(strconv.Itoa(pid)), 0o644); err != nil {
			return fmt.Errorf("join cgroup %s: %w", h.path(group), err)
		}
	}
	return nil
}

// Remove removes a group with all below it. It must hold no process.
func Remove(group string) error {
	all, err := mounted()
	if err != nil {
		return err
	}
	var failed []error
	for _, h := range all {
		failed = append(failed, removeTree(h.path(group)))
	}
	return errors.Join(failed...)
}

func removeTree(dir string) error {
	children, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range children {
		if c.IsDir() {
			if err := removeTree(filepath.Join(dir, c.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove cgroup: %w", err)
	}
	return nil
}
