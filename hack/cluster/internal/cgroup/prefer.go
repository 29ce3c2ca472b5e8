package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
)

// Prefer gives a group most of the processor time when there is too little. By default a whole cluster would weigh as
// much as a single compiler, and a build on the same machine would make its leases expire.
func Prefer(group string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range all {
		file, value := "cpu.shares", "65536"
		if h.v2 {
			file, value = "cpu.weight", "6000"
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
