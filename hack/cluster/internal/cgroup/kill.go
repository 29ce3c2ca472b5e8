package cgroup

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Kill ends every process in a group and below it, all at one moment, as a power cut would: nothing runs between the
// first death and the last. It returns when the group is empty.
func Kill(ctx context.Context, group string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		freeze(h, group, true)
	}
	defer func() {
		for _, h := range all {
			freeze(h, group, false)
		}
	}()
	deadline := time.Now().Add(20 * time.Second)
	for {
		left := 0
		for _, h := range all {
			left += killOnce(h, group)
		}
		if left == 0 {
			return nil
		}
		for _, h := range all {
			freeze(h, group, false) // a frozen version 1 process dies only when thawed
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("%d processes of %s do not end", left, group)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// freeze stops or resumes a group. A group that does not exist is no error: there is nothing to stop.
func freeze(h hierarchy, group string, on bool) {
	file, text := filepath.Join(h.path(group), "freezer.state"), "THAWED"
	if on {
		text = "FROZEN"
	}
	if h.v2 {
		file, text = filepath.Join(h.path(group), "cgroup.freeze"), "0"
		if on {
			text = "1"
		}
	}
	if h.v2 || h.has("freezer") {
		_ = os.WriteFile(file, []byte(text), 0o644)
	}
}

// killOnce signals whoever is in the group now and says how many there were.
func killOnce(h hierarchy, group string) int {
	found := 0
	_ = filepath.WalkDir(h.path(group), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return nil
		}
		text, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 && pid != os.Getpid() {
				found++
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return nil
	})
	return found
}
