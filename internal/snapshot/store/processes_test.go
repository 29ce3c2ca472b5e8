//go:build stores

package store

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built finds a server that the Makefile has built.
func built(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../../dist", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run make store-servers, or make test-stores for the tests too", err)
	}
	return path
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// inTmpfs, in the environment, has this test binary mount a small file system
// in a name space of its own, and become a server on it.
const inTmpfs = "QUORATE_TEST_TMPFS"

func TestMain(m *testing.M) {
	if place := os.Getenv(inTmpfs); place != "" {
		become(place, os.Args[1:])
	}
	os.Exit(listened(m))
}

func become(place string, args []string) {
	dir, size, _ := strings.Cut(place, "=")
	for _, err := range []error{
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size),
		os.Mkdir(filepath.Join(dir, "bucket"), 0o755),
		syscall.Exec(args[0], args, os.Environ()),
	} {
		if err != nil {
			fmt.Fprintln(os.Stderr, "become a server:", err)
			os.Exit(1)
		}
	}
}

// listened runs the tests with everything that is written to the standard
// error, by whatever SDK, in a file that must not have a credential.
func listened(m *testing.M) int {
	said, err := os.CreateTemp("", "stores")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.Remove(said.Name()) }()
	shown, err := syscall.Dup(2)
	if err == nil {
		err = syscall.Dup3(int(said.Fd()), 2, 0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	_ = syscall.Dup3(shown, 2, 0)
	text, err := os.ReadFile(said.Name())
	if err != nil {
		code = 1
	}
	_, _ = os.Stderr.Write(text)
	for _, canary := range canaries {
		if bytes.Contains(text, []byte(canary)) {
			fmt.Fprintln(os.Stderr, "FAIL: the log tells a credential,", canary[:4]+"...")
			code = 1
		}
	}
	return code
}

// output is what a server says, for whoever looks why a test failed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run starts a server and waits until it listens. tmpfs is the folder and size
// of a file system of its own, or empty.
func run(t *testing.T, port, tmpfs string, env []string, args ...string) {
	t.Helper()
	said := &output{}
	command := exec.Command(args[0], args[1:]...)
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if tmpfs != "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		command = exec.Command(self, args...)
		command.Env = append(os.Environ(), append(env, inTmpfs+"="+tmpfs)...)
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWNS}
		if os.Getuid() != 0 {
			command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
	}
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = error(<-ended)
		if t.Failed() {
			text := said.String()
			t.Logf("the server said: %s", text[max(0, len(text)-2000):])
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v", args[0], err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", args[0], err)
		}
	}
}
