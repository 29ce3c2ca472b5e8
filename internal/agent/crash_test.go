package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// etcd ends the process when it cannot go on, so these tests run the agent in
// a process of its own: this test binary with a configuration in this variable.
const memberVariable = "AGENT_TEST_MEMBER"

func TestMain(m *testing.M) {
	if encoded := os.Getenv(memberVariable); encoded != "" {
		os.Exit(runMember(encoded))
	}
	if encoded := os.Getenv(traceVariable); encoded != "" {
		os.Exit(runTracer(encoded))
	}
	if encoded := os.Getenv(restoreVariable); encoded != "" {
		os.Exit(runRestore(encoded))
	}
	code := m.Run()
	if err := leaked(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// leaked says what is left of the agents and etcds that the tests stopped.
// etcd's connections between peers take up to their timeout of five seconds.
func leaked() error {
	deadline := time.Now().Add(15 * time.Second)
	for {
		err := goleak.Find()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func runMember(encoded string) int {
	var config Config
	if err := json.Unmarshal([]byte(encoded), &config); err != nil {
		return 3
	}
	level := zap.NewAtomicLevel()
	a, err := New(config, NewLogger(os.Stderr, level), level)
	if err != nil {
		return 3
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	if err := a.Run(ctx); err != nil {
		return 1
	}
	return 0
}

// spawn runs the pod's member as a process.
func (p *pod) spawn() *exec.Cmd { return p.spawnFrom(os.Args[0]) }

// spawnFrom runs it from a test binary, which may be of another release line.
func (p *pod) spawnFrom(binary string) *exec.Cmd {
	p.t.Helper()
	encoded, err := json.Marshal(p.config)
	must(p.t, err)
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), memberVariable+"="+string(encoded))
	cmd.Stderr = &bytes.Buffer{}
	must(p.t, cmd.Start())
	p.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// damageDeepDown spoils a record where only reading all of the database finds it.
func damageDeepDown(t *testing.T, p *pod) {
	t.Helper()
	p.start()
	for i := range 60 {
		_, err := p.etcd().Put(t.Context(), fmt.Sprintf("deep-%d", i), strings.Repeat("v", 4000))
		must(t, err)
	}
	must(t, p.stop())
	edit(t, p.layout().database(), func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte("\x0a\x07deep-30"), bytes.Repeat([]byte{0xff}, 9))
	})
	disk, _ := Inspect(p.config.Dir)
	if got := Decide(disk); got.Action != StartExisting {
		t.Fatalf("the damage was found before etcd could: %+v", got)
	}
}

func TestCrashesAreReportedNotOnlyRepeated(t *testing.T) {
	t.Parallel()
	p := grown(t)
	damageDeepDown(t, p)
	for i := range maxFailures {
		err := p.spawn().Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
			t.Fatalf("run %d: %v", i, err)
		}
	}
	member := p.spawn()
	waitFor(t, "the report", func() bool {
		c := p.control()
		r, err := c.Report(t.Context())
		return err == nil && r.State == control.StateRefused
	})
	r := p.report()
	if r.Reason != control.ReasonCrashed || !strings.Contains(r.Message, "failed to unmarshal mvccpb.KeyValue") {
		t.Errorf("got %+v", r)
	}
	must(t, member.Process.Signal(syscall.SIGTERM))
	must(t, member.Wait())
}

// A kill while etcd starts is counted, a good stop and a long life are not.
func TestStartsAreCounted(t *testing.T) {
	t.Parallel()
	l := layout(t.TempDir())
	for i := 1; i <= 2; i++ {
		s := starts{layout: l} // as each process makes it anew
		must(t, s.begin())
		if got, words := readStarts(l); got != i || words != "" {
			t.Fatalf("after %d starts: %d %q", i, got, words)
		}
	}
	s := starts{layout: l}
	must(t, s.begin())
	s.died("disk on fire")
	if got, words := readStarts(l); got != 3 || words != "disk on fire" {
		t.Errorf("got %d %q", got, words)
	}
	must(t, s.forgive())
	if got, _ := readStarts(l); got != maxFailures-1 {
		t.Errorf("after forgiving: %d", got)
	}
	must(t, s.settled())
	must(t, s.settled())
	if got, words := readStarts(l); got != 0 || words != "" {
		t.Errorf("after a good start: %d %q", got, words)
	}
	s.died("later")
	if got, words := readStarts(l); got != 1 || words != "later" {
		t.Errorf("a death after a good start: %d %q", got, words)
	}
}

// The runtime's own words are found where no log line was written.
func TestCrashOutputIsRead(t *testing.T) {
	t.Parallel()
	l := layout(t.TempDir())
	s := starts{layout: l}
	must(t, s.begin())
	must(t, os.WriteFile(l.crashFile(), []byte("unexpected fault address 0x7f\nfatal error: fault\n[signal SIGBUS]\n"), 0o600))
	if got, words := readStarts(l); got != 1 || words != "fatal error: fault" {
		t.Errorf("got %d %q", got, words)
	}
}

// A member that is killed comes back by itself, as often as it is killed, once
// it has lived for a while or was told to stop.
func TestKilledMemberComesBack(t *testing.T) {
	t.Parallel()
	p := grown(t)
	for range 2 {
		member := p.spawn()
		waitFor(t, "readiness", p.ready)
		must(t, member.Process.Kill())
		_ = member.Wait()
	}
	member := p.spawn()
	waitFor(t, "readiness", p.ready)
	must(t, member.Process.Signal(syscall.SIGTERM))
	must(t, member.Wait())
	if got, _ := readStarts(p.layout()); got != 0 {
		t.Errorf("%d failures are counted after a good stop", got)
	}
}
