package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// record identifies a started program for as long as the machine is up.
type record struct {
	PID int `json:"pid"`
	// Started is the kernel's start time of the pid, in clock ticks since boot.
	Started uint64 `json:"started"`
	// Boot is the machine's boot ID: after a reboot no record is alive.
	Boot string `json:"boot"`
}

func (s Set) file(name string) string { return filepath.Join(s.Dir, name+".json") }

func (s Set) record(name string, pid int) error {
	started, _, err := stat(pid)
	if err != nil {
		return fmt.Errorf("%s ended as soon as it started; see its log", name)
	}
	text, err := json.Marshal(record{PID: pid, Started: started, Boot: bootID()})
	if err != nil {
		return err
	}
	return os.WriteFile(s.file(name), text, 0o644)
}

func (s Set) load(name string) (record, error) {
	text, err := os.ReadFile(s.file(name))
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("record of %s: %w", name, err)
	}
	return r, nil
}

func (r record) alive() bool {
	started, zombie, err := stat(r.PID)
	return err == nil && !zombie && started == r.Started && r.Boot == bootID()
}

func (r record) signal(sig syscall.Signal) {
	if r.alive() {
		_ = syscall.Kill(r.PID, sig)
	}
}

// wait reports whether the program ended within the time.
func (r record) wait(ctx context.Context, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for r.alive() {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// stat reads the start time of a pid, and whether it has ended but not been reaped.
func stat(pid int) (started uint64, zombie bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false, err
	}
	return parseStat(text)
}

// parseStat reads fields 3 and 22; the name in field 2 may hold spaces and parentheses.
func parseStat(text []byte) (started uint64, zombie bool, err error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return 0, false, fmt.Errorf("unexpected /proc stat: %q", text)
	}
	started, err = strconv.ParseUint(string(fields[19]), 10, 64)
	return started, fields[0][0] == 'Z' || fields[0][0] == 'X', err
}

func bootID() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return string(bytes.TrimSpace(id))
}

// PID is the recorded program's pid, or 0 when it does not run.
func (s Set) PID(name string) int {
	if r, err := s.load(name); err == nil && r.alive() {
		return r.PID
	}
	return 0
}

// Forget drops the record of a program that has been ended by other means.
func (s Set) Forget(name string) {
	if !s.Alive(name) {
		_ = os.Remove(s.file(name))
	}
}

// Since is when the recorded program was started.
func (s Set) Since(name string) time.Time {
	st, err := os.Stat(s.file(name))
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}
