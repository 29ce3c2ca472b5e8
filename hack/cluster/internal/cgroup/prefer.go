package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
)

// Prefer lets a group weigh twice as much as a process beside it when there is too little processor time. By default a
// whole cluster would weigh as much as a single thread of a compiler, and a build on the same machine would make its
// leases expire. Much more it must not weigh: the kernel's own threads run beside it, also those that do the disks' work,
// and at 64 times a probe among them waited up to 234 ms for its turn.
func Prefer(group string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		file, value := "cpu.shares", "2048"
		if h.v2 {
			file, value = "cpu.weight", "200"
		}
		if !h.v2 && !h.has("cpu") {
			continue
		}
		if err := os.WriteFile(filepath.Join(h.path(group), file), []byte(value), 0o644); err != nil {
			return fmt.Errorf("prefer cgroup %s: %w", h.path(group), err)
		}
	}
	return nil
}
