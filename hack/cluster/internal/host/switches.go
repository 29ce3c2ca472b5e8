package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// switches are the kernel settings of the whole machine that a kubelet changes when it starts, and the one below.
var switches = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", watchers,
}

// watchers bounds the inotify instances of a user. A node takes about ten of root's, so that at the kernel's default of
// 128 a third cluster's kubelets end as soon as they start, and say so in their logs only.
const (
	watchers     = "fs/inotify/max_user_instances"
	watchersWant = 1024
)

// AllowWatchers raises the bound on inotify instances where it is lower. Restore puts it back.
func AllowWatchers() error { return allowWatchers(sysctls) }

func allowWatchers(root string) error {
	path := filepath.Join(root, watchers)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", watchers, err)
	}
	if have, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && have >= watchersWant {
		return nil
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(watchersWant)), 0o644); err != nil {
		return fmt.Errorf("raise %s: %w", watchers, err)
	}
	return nil
}

const sysctls = "/proc/sys"

// Remember writes the kernel settings that a kubelet will change to a file, once.
func Remember(path string) error { return remember(sysctls, path) }

func remember(root, path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	values := map[string]string{}
	for _, name := range switches {
		if text, err := os.ReadFile(filepath.Join(root, name)); err == nil {
			values[name] = strings.TrimSpace(string(text))
		}
	}
	text, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("remember the kernel's settings: %w", err)
	}
	return nil
}

// Restore puts the remembered settings back. Nothing remembered is nothing to do.
func Restore(path string) error { return restore(sysctls, path) }

func restore(root, path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	values := map[string]string{}
	if err := json.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for name, value := range values {
		if err := os.WriteFile(filepath.Join(root, name), []byte(value), 0o644); err != nil {
			return fmt.Errorf("restore %s: %w", name, err)
		}
	}
	return nil
}
