package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// A process is killed just before it changes a file for the n-th time, whoever
// changes it: our code, etcd's or bbolt's. That takes a tracer, which has to be a
// process of its own, for it waits for every child.

const traceVariable = "AGENT_TEST_TRACE"

// traced says what to trace: this test binary, with a variable.
type traced struct {
	Variable string
	Dir      string // changes below it count
	At       int    // the change before which to kill
	Named    string // or the first one that begins so
}

const (
	exitKilled = 40 // of the tracer: it has killed
	exitTracer = 41 // it could not trace
)

// killedAt runs this binary with a variable and kills it before its n-th change of
// a file below dir. It returns at which, or nothing if the process ended before.
func killedAt(t *testing.T, variable, dir string, n int) string {
	t.Helper()
	return kill(t, traced{Variable: variable, Dir: dir, At: n})
}

// kill runs what is to be traced, and returns before which change it was killed.
func kill(t *testing.T, what traced) string {
	t.Helper()
	encoded, err := json.Marshal(what)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), traceVariable+"="+string(encoded))
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	switch code := cmd.ProcessState.ExitCode(); code {
	case exitKilled:
		return strings.TrimSpace(out.String())
	case 0:
		return ""
	default:
		t.Fatalf("before change %d%s the process ended with %d: %v\n%s", what.At, what.Named, code, err, errOut.String())
		return ""
	}
}

// runTracer is the tracer. It ends with what the process ended with.
func runTracer(encoded string) int {
	var what traced
	if err := json.Unmarshal([]byte(encoded), &what); err != nil {
		return exitTracer
	}
	runtime.LockOSThread() // who traces is a thread
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), traceVariable+"=", what.Variable), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "trace:", err)
		return exitTracer
	}
	tr := tracer{traced: what, pid: cmd.Process.Pid, inside: map[int]bool{}}
	code, err := tr.follow()
	if err != nil {
		fmt.Fprintln(os.Stderr, "trace:", err)
		return exitTracer
	}
	return code
}

type tracer struct {
	traced
	pid     int
	changes int
	inside  map[int]bool // threads that have been seen to stop
}

const (
	optionSysGood  = 0x1
	optionClone    = 0x8
	optionExitKill = 0x100000
	getSyscallInfo = 0x420e
)

func (tr *tracer) follow() (int, error) {
	for first := true; ; first = false {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if err != nil {
			return 0, fmt.Errorf("wait: %w", err)
		}
		if first {
			if err := syscall.PtraceSetOptions(pid, optionSysGood|optionClone|optionExitKill); err != nil {
				return 0, fmt.Errorf("set options: %w", err)
			}
		}
		switch {
		case pid == tr.pid && status.Exited():
			return status.ExitStatus(), nil
		case pid == tr.pid && status.Signaled():
			return exitKilled, nil
		case !status.Stopped():
			continue // a thread has ended
		}
		if status.StopSignal() == syscall.SIGTRAP|0x80 {
			if change := tr.change(pid); change != "" {
				if tr.changes++; tr.changes == tr.At || tr.Named != "" && strings.HasPrefix(change, tr.Named) {
					fmt.Println(change)
					return exitKilled, syscall.Kill(tr.pid, syscall.SIGKILL)
				}
			}
		}
		if err := syscall.PtraceSyscall(pid, tr.signal(pid, status)); err != nil && !errors.Is(err, syscall.ESRCH) {
			return 0, fmt.Errorf("go on: %w", err)
		}
	}
}

// signal is what the thread is to get: not what only the tracer has to know.
func (tr *tracer) signal(pid int, status syscall.WaitStatus) int {
	seen := tr.inside[pid]
	tr.inside[pid] = true
	switch s := status.StopSignal(); {
	case s&0x7f == syscall.SIGTRAP, s == syscall.SIGSTOP && !seen:
		return 0
	default:
		return int(s)
	}
}

// call is what the kernel tells of a system call (struct ptrace_syscall_info).
type call struct {
	op       uint8
	_        [3]uint8
	arch     uint32
	ip, sp   uint64
	number   uint64
	argument [6]uint64
	_        [64]byte
}

// copyFileRange is a number that package syscall does not have.
var copyFileRange = map[string]uint64{"amd64": 326, "arm64": 285}[runtime.GOARCH]

// change describes the change of a file that a thread is about to make; empty when
// it makes none.
func (tr *tracer) change(pid int) string {
	var c call
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(pid), unsafe.Sizeof(c), uintptr(unsafe.Pointer(&c)), 0, 0)
	if errno != 0 || c.op != 1 {
		return ""
	}
	var what, path string
	switch c.number {
	case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_WRITEV:
		what, path = "write", tr.opened(c.argument[0])
	case copyFileRange:
		what, path = "copy to", tr.opened(c.argument[2])
	case syscall.SYS_FSYNC, syscall.SYS_FDATASYNC:
		what, path = "sync", tr.opened(c.argument[0])
	case syscall.SYS_FTRUNCATE, syscall.SYS_FALLOCATE:
		what, path = "size", tr.opened(c.argument[0])
	case syscall.SYS_TRUNCATE:
		what, path = "size", tr.text(c.argument[0])
	case syscall.SYS_LINKAT:
		what, path = "link", tr.text(c.argument[3])
	case syscall.SYS_RENAMEAT, syscall.SYS_UNLINKAT, syscall.SYS_MKDIRAT:
		what = map[uint64]string{syscall.SYS_RENAMEAT: "rename", syscall.SYS_UNLINKAT: "remove", syscall.SYS_MKDIRAT: "make"}[c.number]
		path = tr.text(c.argument[1])
	case syscall.SYS_OPENAT:
		if c.argument[2]&syscall.O_CREAT != 0 {
			what, path = "create", tr.text(c.argument[1])
		}
	}
	below, err := filepath.Rel(tr.Dir, path)
	if what == "" || err != nil || strings.HasPrefix(below, "..") {
		return ""
	}
	return what + " " + below
}

func (tr *tracer) opened(descriptor uint64) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tr.pid, descriptor))
	if err != nil {
		return ""
	}
	return path
}

// text reads a string of the process.
func (tr *tracer) text(at uint64) string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", tr.pid))
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	raw := make([]byte, 512)
	n, _ := f.ReadAt(raw, int64(at))
	path, _, _ := bytes.Cut(raw[:n], []byte{0})
	return string(path)
}
