package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// load is a pod that writes and reads steadily through the client Service, and
// remembers each attempt. It must be the only writer of a cluster that was
// never written to: then the whole history can be judged.
type load struct {
	c       *cluster
	address string
	phases  []phase
}

// phase is a part of the history that is reported on its own.
type phase struct {
	name  string
	start int64
}

const loadPort = 8080

// pace is how a client writes, and what it waits for.
type pace struct{ interval, attempt, patience time.Duration }

// relaxed is for a client that shares two processors and a disk with other
// tests: a queue that grows while the machine stalls would not end by itself.
var relaxed = pace{50 * time.Millisecond, time.Second, 10 * time.Second}

// election is how long no write succeeds when a leader is lost without having
// handed over: etcd's election timeout, at least.
const election = time.Second

// load starts one: a write each interval, each attempt under a deadline, each
// write given up when its patience ends.
func (c *cluster) load(p pace) *load {
	c.t.Helper()
	const pod = "load"
	c.create(c.clientPod(pod, "--pause="+p.interval.String(), "--attempt="+p.attempt.String(), "--patience="+p.patience.String(),
		"--connections=4", "steady", fmt.Sprintf(":%d", loadPort)))
	c.awaitPod(pod, "is ready", podReady)
	l := &load{c: c, address: c.forward(pod, loadPort)}
	l.progress(20)
	l.phase("start")
	return l
}

// phase begins the next part of the history, with fresh connections: what was
// dialed while there was one member would go to that one for ever.
func (l *load) phase(name string) {
	l.c.t.Helper()
	if _, err := l.ask(bounded(l.c.t), http.MethodPost, "/redial"); err != nil {
		l.c.t.Fatalf("dial anew: %v", err)
	}
	l.phases = append(l.phases, phase{name, time.Now().UnixNano()})
}

// progress waits until that many more writes than now are acknowledged.
func (l *load) progress(more int) {
	l.c.t.Helper()
	start := -1
	eventually(l.c.t, medium, fmt.Sprintf("%d more writes are acknowledged", more), func(ctx context.Context) error {
		body, err := l.ask(ctx, http.MethodGet, "/acked")
		if err != nil {
			return err
		}
		acked, err := strconv.Atoi(strings.TrimSpace(string(body)))
		if err != nil {
			return err
		}
		if start < 0 {
			start = acked
		}
		if acked < start+more {
			return fmt.Errorf("%d are, %d were at first", acked, start)
		}
		return nil
	})
}

func (l *load) ask(ctx context.Context, method, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+l.address+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", method, path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// attempt is one operation of the history; test/e2e/client says more.
type attempt struct {
	Kind   string `json:"kind"`
	Write  int    `json:"write"`
	Call   int64  `json:"call"`
	Return int64  `json:"return"`
	Error  string `json:"error"`
}

// event is one write as a member tells it afterwards.
type event struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Revision int64  `json:"revision"`
	Version  int64  `json:"version"`
}

// history is what the pod remembers, and the events of a member.
type history struct {
	Skipped    int               `json:"skipped"`
	Operations []json.RawMessage `json:"operations"`
	Events     []event           `json:"events"`
}

// finish stops the load and fails the test when a write was given up, when an
// acknowledged one is not there, or when the history is not linearizable. It
// returns the longest time in which no write succeeded, which says much of the
// machine that all tests share: make bench judges it.
func (l *load) finish() (gap time.Duration) {
	l.c.t.Helper()
	h := l.stop()
	attempts := make([]attempt, len(h.Operations))
	for i, raw := range h.Operations {
		if err := json.Unmarshal(raw, &attempts[i]); err != nil {
			l.c.t.Fatalf("read the history: %v", err)
		}
	}
	if given := givenUp(attempts); len(given) > 0 || h.Skipped > 0 {
		l.c.t.Errorf("%d writes were given up and %d never begun: %v", len(given), h.Skipped, given)
	}
	gap = l.report(attempts)
	h.Events = l.c.events()
	l.judge(h)
	return gap
}

func (l *load) stop() history {
	l.c.t.Helper()
	body, err := l.ask(bounded(l.c.t), http.MethodPost, "/stop")
	if err != nil {
		l.c.t.Fatalf("fetch the history: %v", err)
	}
	var h history
	if err := json.Unmarshal(body, &h); err != nil {
		l.c.t.Fatalf("read the history: %v", err)
	}
	return h
}

// givenUp are the writes of which no attempt succeeded, with the last error.
func givenUp(attempts []attempt) []string {
	failed := map[int]string{}
	done := map[int]bool{}
	for _, a := range attempts {
		switch {
		case a.Kind != "put":
		case a.Error == "":
			done[a.Write] = true
		default:
			failed[a.Write] = a.Error
		}
	}
	maps.DeleteFunc(failed, func(n int, _ string) bool { return done[n] })
	var lines []string
	for _, n := range slices.Sorted(maps.Keys(failed)) {
		lines = append(lines, fmt.Sprintf("%d (%s)", n, failed[n]))
	}
	if len(lines) > 10 {
		lines = append(lines[:10], "...")
	}
	return lines
}

// report logs for each phase how many attempts there were, how many failed,
// the longest time between two successful writes, and the longest that one
// write took with all its attempts.
func (l *load) report(attempts []attempt) (longest time.Duration) {
	l.c.t.Helper()
	puts := slices.DeleteFunc(slices.Clone(attempts), func(a attempt) bool { return a.Kind != "put" })
	slices.SortFunc(puts, func(a, b attempt) int { return cmp.Compare(a.Return, b.Return) })
	began := map[int]int64{}
	for _, a := range puts {
		if first, found := began[a.Write]; !found || a.Call < first {
			began[a.Write] = a.Call
		}
	}
	for i, p := range l.phases {
		end := int64(1<<63 - 1)
		if i+1 < len(l.phases) {
			end = l.phases[i+1].start
		}
		n, failures, gap, at, last := 0, map[string]int{}, int64(0), int64(0), int64(0)
		slowest := int64(0)
		for _, a := range puts {
			if a.Return < p.start || a.Return >= end {
				continue
			}
			n++
			if a.Error != "" {
				failures[a.Error]++
				continue
			}
			if last > 0 && a.Return-last > gap {
				gap, at = a.Return-last, last
			}
			last = a.Return
			slowest = max(slowest, a.Return-began[a.Write])
		}
		l.c.t.Logf("load, %s: %d attempts, longest gap %d ms at %s, longest write %d ms, failed attempts %v",
			p.name, n, time.Duration(gap).Milliseconds(), time.Unix(0, at).UTC().Format("15:04:05.000"), time.Duration(slowest).Milliseconds(), failures)
		longest = max(longest, time.Duration(gap))
	}
	return longest
}

// events asks a member for every write since the cluster was born.
func (c *cluster) events() []event {
	c.t.Helper()
	client := c.client()
	var all []event
	eventually(c.t, medium, "a member tells all that was written", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, short)
		defer cancel()
		head, err := client.Get(ctx, "\x00", clientv3.WithCountOnly())
		if err != nil {
			return err
		}
		all = nil
		for answer := range client.Watch(ctx, "\x00", clientv3.WithFromKey(), clientv3.WithRev(1)) {
			if err := answer.Err(); err != nil {
				return err
			}
			for _, e := range answer.Events {
				all = append(all, event{string(e.Kv.Key), string(e.Kv.Value), e.Kv.ModRevision, e.Kv.Version})
			}
			if len(all) > 0 && all[len(all)-1].Revision >= head.Header.Revision {
				return nil
			}
		}
		return errors.New("the watch ended early")
	})
	return all
}

// judge runs test/linearizability, a module of its own, over the history.
func (l *load) judge(h history) {
	l.c.t.Helper()
	raw, err := json.Marshal(h)
	if err != nil {
		l.c.t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "quorate-history-")
	if err != nil {
		l.c.t.Fatal(err)
	}
	file := filepath.Join(folder, "history.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		l.c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*long)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "run", "-C", world.path("test", "linearizability"), ".", file).CombinedOutput()
	if err != nil {
		l.c.t.Errorf("the history in %s: %v\n%s", file, err, out)
		return
	}
	l.c.t.Logf("%s", strings.TrimSpace(string(out)))
	if os.Getenv("E2E_KEEP") == "" {
		_ = os.RemoveAll(folder)
	}
}
