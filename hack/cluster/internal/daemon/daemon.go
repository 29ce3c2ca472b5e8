package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Spec is a program to start.
type Spec struct {
	Name string
	Argv []string
	Env  []string
	// Netns is the file of the network namespace to run in; empty means the host's.
	Netns string
	// Log receives both outputs, appended.
	Log string
	// Files become descriptors 3 and up.
	Files []*os.File
	// Join puts the new pid where it belongs, such as a cgroup.
	Join func(pid int) error
}

// Set is the daemons whose records are kept in one folder.
type Set struct{ Dir string }

// fewerCollections spares the processors: a garbage collection of the API server takes 0.3 s of one, and while it does
// every etcd on this machine waits for its turn. It costs some hundred megabytes.
const fewerCollections = "GOGC=400"

// Start starts the program unless it already runs.
func (s Set) Start(spec Spec) error {
	if s.Alive(spec.Name) {
		return nil
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", spec.Name, err)
	}
	defer log.Close()
	argv := spec.Argv
	if spec.Netns != "" {
		argv = append([]string{"nsenter", "--net=" + spec.Netns, "--"}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles, cmd.Dir = log, log, spec.Files, "/"
	cmd.Env = append(append(os.Environ(), fewerCollections), spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", spec.Name, err)
	}
	go func() { _ = cmd.Wait() }()
	if spec.Join != nil {
		if err := spec.Join(cmd.Process.Pid); err != nil {
			_ = cmd.Process.Kill()
			return fmt.Errorf("start %s: %w", spec.Name, err)
		}
	}
	return s.record(spec.Name, cmd.Process.Pid)
}

// Alive reports whether the recorded program still runs.
func (s Set) Alive(name string) bool {
	r, err := s.load(name)
	return err == nil && r.alive()
}

// Names lists the recorded programs, running or not.
func (s Set) Names() []string {
	found, _ := filepath.Glob(filepath.Join(s.Dir, "*.json"))
	for i := range found {
		found[i] = strings.TrimSuffix(filepath.Base(found[i]), ".json")
	}
	return found
}

// Stop asks the program to end, kills it after grace, and forgets it.
func (s Set) Stop(ctx context.Context, name string, grace time.Duration) error {
	r, err := s.load(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if grace > 0 {
		r.signal(syscall.SIGTERM)
		r.wait(ctx, grace)
	}
	r.signal(syscall.SIGKILL)
	if !r.wait(ctx, 10*time.Second) {
		return fmt.Errorf("%s (pid %d) does not end", name, r.PID)
	}
	return os.Remove(s.file(name))
}
