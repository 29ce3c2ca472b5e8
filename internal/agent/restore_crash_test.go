package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

const restoreVariable = "AGENT_TEST_RESTORE"

// restoring is what the process of a sweep does: all that lies between an empty
// volume and a member that runs on a snapshot.
type restoring struct {
	Config  Config
	File    string
	Request control.SnapshotRequest // but for the volume
	Admit   control.AdmitRequest
}

// runRestore does it, from wherever the volume stands. It ends with zero once the
// member runs.
func runRestore(encoded string) int {
	var what restoring
	if err := json.Unmarshal([]byte(encoded), &what); err != nil {
		return 3
	}
	a, err := New(what.Config, NewLogger(os.Stderr, zap.NewAtomicLevel()), zap.NewAtomicLevel())
	if err != nil {
		return 3
	}
	go func() { _ = a.loop(context.Background()) }()
	_, _ = a.do(context.Background(), func(answer func(control.Report, error)) error { // after the boot
		answer(control.Report{}, nil)
		return nil
	})
	if v := a.look(); v.state == control.StateWaiting {
		if err := what.begin(a, v.volume.ID); err != nil {
			a.log.Error("the restore does not begin", zap.Error(err))
			return 4
		}
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		switch a.look().state {
		case control.StateRunning:
			return 0
		case control.StateRefused, control.StateWaiting:
			return 5
		}
	}
	return 6
}

func (what restoring) begin(a *Agent, volume string) error {
	f, err := os.Open(what.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	what.Request.VolumeID, what.Admit.VolumeID = volume, volume
	if _, err := a.stage(context.Background(), what.Request, f); err != nil {
		return err
	}
	_, err = a.do(context.Background(), func(answer func(control.Report, error)) error { return a.admit(what.Admit, answer) })
	return err
}

// A restore is killed before each change that it makes to any file, and once more
// at another while it is finished: there is the whole snapshot or none, data that
// etcd may start on or none, and in the end all that was in the snapshot.
func TestRestoreKilledAtEachChange(t *testing.T) {
	t.Parallel()
	s := source(t)
	file := filepath.Join(t.TempDir(), "snapshot.db")
	must(t, os.WriteFile(file, s.content, 0o600))
	const runs = 2 // at once
	// Each change is a run of half a second: some of them here, all of them in make soak.
	every := os.Getenv("QUORATE_AGENT_SWEEP") == "all"
	stride, first := runs, 1
	if !every {
		stride = 6 * runs
		first += rand.IntN(stride / runs)
		t.Logf("every %dth change, beginning with %d", stride/runs, first)
	}
	t.Run("runs", func(t *testing.T) {
		for run := range runs {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for n := first + run*stride/runs; ; n += stride {
					at := restoreKilled(t, s, file, traced{At: n}, 1+n%17)
					if strings.Contains(at, " data/") { // etcd runs, and changes its data itself
						t.Logf("%d changes are made", n-1)
						return
					}
				}
			})
		}
	})
	// A change may slip through a sweep by number, for bbolt does not always make as
	// many. Those that matter are met by name.
	for i, step := range []string{
		"create snapshot.tmp", "write snapshot.tmp", "sync snapshot.tmp", "rename snapshot.tmp", "rename volume.json.tmp",
		"rename snapshot-", "size restoring-", "create birth/stub.db", "write birth/data/member/snap/db", "write restoring-", "sync restoring-",
		"remove birth/stub.db", "remove birth/data/member/snap/db", "link birth/data/member/snap/db", "sync birth/data/member/snap/db",
		"sync birth/data/member/wal", "rename birth/data", "remove birth", "remove restoring-", "rename starts.json.tmp",
	} {
		restoreKilled(t, s, file, traced{Named: step}, 1+i)
	}
}

// restoreKilled kills a restore twice, the second time at a change by its number, and
// finishes it.
func restoreKilled(t *testing.T, s snapshotOf, file string, first traced, second int) (at string) {
	t.Helper()
	p := newPod(t, newAuthorities(t), "demo-0")
	plain(&p.config)
	variable := restoreVariable + "=" + encode(t, restoring{
		Config: p.config, File: file, Request: s.request(""),
		Admit: control.AdmitRequest{Token: "token", Members: []control.Peer{p.peer()}, Restore: s.restore()},
	})
	first.Variable, first.Dir = variable, p.config.Dir
	if at = kill(t, first); at == "" {
		t.Fatalf("it ended before change %d%s", first.At, first.Named)
	}
	checkKilled(t, p, at)
	if again := killedAt(t, variable, p.config.Dir, second); again != "" {
		checkKilled(t, p, at+", then "+again)
	}
	must(t, removeDurable(p.layout().startsFile())) // patience has its own tests
	finish := exec.Command(os.Args[0])
	finish.Env = append(os.Environ(), variable)
	said, err := finish.CombinedOutput()
	if err != nil {
		t.Fatalf("killed at %s: the restore is not finished: %v\n%s", at, err, said)
	}
	facts, err := readSnapshot(p.layout().database())
	if err != nil || facts.revision != 51+bump || facts.last != 51+bump || len(p.snapshotFiles()) != 0 {
		t.Errorf("killed at %s: %+v, files %v: %v", at, facts, p.snapshotFiles(), err)
	}
	for _, left := range []string{p.layout().birthDir(), p.layout().discardedDir()} {
		if _, err := os.Stat(left); err == nil {
			t.Errorf("killed at %s: %s is still there", at, left)
		}
	}
	return at
}

func encode(t *testing.T, what restoring) string {
	t.Helper()
	encoded, err := json.Marshal(what)
	must(t, err)
	return string(encoded)
}

var stagedName = regexp.MustCompile(`snapshot-([0-9a-f]{64})\.db$`)

// checkKilled judges what a kill has left.
func checkKilled(t *testing.T, p *pod, at string) {
	t.Helper()
	disk, _ := Inspect(p.config.Dir)
	disk.Failures = 0
	if boot := Decide(disk); boot.Action == Refuse {
		t.Errorf("killed at %s: %s", at, boot.Message)
	}
	for _, f := range p.snapshotFiles() {
		if name := stagedName.FindStringSubmatch(f); name != nil {
			content, err := os.ReadFile(f)
			must(t, err)
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != name[1] {
				t.Errorf("killed at %s: the staged file is not whole", at)
			}
		}
	}
}
