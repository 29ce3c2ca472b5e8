package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/control/dial"
)

// snapshotOf is a snapshot as `etcdctl snapshot save` writes it.
type snapshotOf struct {
	content []byte
	sha256  string
}

func sealed(content []byte) snapshotOf {
	sum := sha256.Sum256(content)
	return snapshotOf{content, hex.EncodeToString(sum[:])}
}

// take takes a snapshot of a member that runs.
func take(t *testing.T, p *pod) snapshotOf {
	t.Helper()
	reader, err := p.etcd().Snapshot(t.Context())
	must(t, err)
	content, err := io.ReadAll(reader)
	must(t, err)
	must(t, reader.Close())
	return sealed(content)
}

// edited is the snapshot with another database, sealed anew as etcd does it.
func (s snapshotOf) edited(t *testing.T, edit func(*bbolt.Tx) error) snapshotOf {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	must(t, os.WriteFile(path, s.content[:len(s.content)-sha256.Size], 0o600))
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(edit))
	must(t, db.Close())
	content, err := os.ReadFile(path)
	must(t, err)
	return resealed(content)
}

func resealed(content []byte) snapshotOf {
	own := sha256.Sum256(content)
	return sealed(append(content, own[:]...))
}

func (s snapshotOf) request(volume string) control.SnapshotRequest {
	return control.SnapshotRequest{VolumeID: volume, Size: int64(len(s.content)), SHA256: s.sha256}
}

func (p *pod) stage(s snapshotOf) (control.Snapshot, error) {
	return p.control().PutSnapshot(p.t.Context(), s.request(p.report().Volume.ID), bytes.NewReader(s.content))
}

// files are those of the volume that have to do with snapshots.
func (p *pod) snapshotFiles() []string {
	p.t.Helper()
	var all []string
	for _, pattern := range []string{"snapshot*", "restoring-*"} {
		files, err := filepath.Glob(filepath.Join(p.config.Dir, pattern))
		must(p.t, err)
		all = append(all, files...)
	}
	return all
}

// source returns a snapshot of a cluster of one that holds keys.
func source(t *testing.T, change ...func(*Config)) snapshotOf {
	t.Helper()
	p := newCluster(t, 1, append(change, plain)...)[0]
	form(t, []*pod{p})
	fill(t, p, 50, 100)
	s := take(t, p)
	must(t, p.stop())
	return s
}

// unread is a body that nobody may ask for.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.ErrUnexpectedEOF
}

// A snapshot waits on the volume through restarts, the same again changes
// nothing, another one replaces it, and it goes when the birth begins without it.
func TestSnapshotIsStaged(t *testing.T) {
	t.Parallel()
	s := source(t)
	other := s.edited(t, func(tx *bbolt.Tx) error { return tx.Bucket(alarmBucket).Put([]byte("k"), []byte("v")) })
	p := newCluster(t, 1, plain)[0]
	check := func(want snapshotOf) {
		t.Helper()
		got := p.report().Snapshot
		if got == nil || got.SHA256 != want.sha256 || got.Size != int64(len(want.content)) || got.State != control.SnapshotStaged ||
			got.Received != got.Size || got.Revision != 51 || !strings.HasPrefix(BinaryVersion().String(), got.Etcd+".") {
			t.Errorf("reported %+v", got)
		}
		if files := p.snapshotFiles(); len(files) != 1 || !strings.Contains(files[0], want.sha256) {
			t.Errorf("files %v", files)
		}
	}
	if r := p.report(); r.Snapshot != nil {
		t.Errorf("before: %+v", r.Snapshot)
	}
	got, err := p.stage(s)
	must(t, err)
	if got != *p.report().Snapshot {
		t.Errorf("answered %+v", got)
	}
	check(s)
	_, err = p.control().PutSnapshot(t.Context(), s.request(p.report().Volume.ID), unread{t})
	must(t, err)
	check(s)
	must(t, p.stop())
	must(t, os.WriteFile(p.layout().arrivingSnapshot(), []byte("half"), 0o600))
	must(t, os.MkdirAll(layout(p.layout().birthDir()).walDir(), 0o700)) // of a birth that was cut short
	p.start()
	check(s)
	if _, err := os.Stat(p.layout().birthDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what an earlier birth has left takes room: %v", err)
	}
	_, err = p.stage(other)
	must(t, err)
	check(other)
	form(t, []*pod{p})
	if r := p.report(); r.Snapshot != nil || r.Etcd.Revision != 1 || len(p.snapshotFiles()) != 0 {
		t.Errorf("after a birth without it: %+v, files %v", r.Snapshot, p.snapshotFiles())
	}
	_, err = p.stage(s)
	refusedWith(t, err, "waits empty")
}

// gated is a body that stops half-way until it is told how to end.
type gated struct {
	content []byte
	total   int
	half    chan error
	passed  bool
}

func (g *gated) Read(b []byte) (int, error) {
	if !g.passed && len(g.content) <= g.total/2 {
		if err := <-g.half; err != nil {
			return 0, err
		}
		g.passed = true
	}
	if len(g.content) == 0 {
		return 0, io.EOF
	}
	n := copy(b, g.content[:min(len(g.content), 4096)])
	g.content = g.content[n:]
	return n, nil
}

func (s snapshotOf) gated() *gated {
	return &gated{content: s.content, total: len(s.content), half: make(chan error, 1)}
}

// begin starts to send a snapshot, and waits until half of it has arrived.
func (p *pod) beginToStage(s snapshotOf, body io.Reader) (ended chan error) {
	p.t.Helper()
	req, c := s.request(p.report().Volume.ID), p.control()
	ended = make(chan error, 1)
	go func() {
		_, err := c.PutSnapshot(context.Background(), req, body)
		ended <- err
	}()
	waitFor(p.t, "half of the snapshot", func() bool {
		r, err := p.control().Report(p.t.Context())
		return err == nil && r.Snapshot != nil && r.Snapshot.State == control.SnapshotReceiving && r.Snapshot.Received > 4096
	})
	return ended
}

// While a snapshot arrives nothing else is begun; cut short, by either side, it
// leaves nothing.
func TestSnapshotCutShort(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	nothing := func() {
		t.Helper()
		waitFor(t, "nothing to be left", func() bool { return p.report().Snapshot == nil && len(p.snapshotFiles()) == 0 })
	}
	body := s.gated()
	ended := p.beginToStage(s, body)
	_, err := p.stage(s)
	refusedWith(t, err, "arriving already")
	_, err = p.admit("token", peersOf([]*pod{p}))
	refusedWith(t, err, "A snapshot is arriving")
	_, err = p.control().Join(t.Context(), control.JoinRequest{VolumeID: p.report().Volume.ID, ClusterID: 1, MemberID: 1, Members: peersOf([]*pod{p})})
	refusedWith(t, err, "A snapshot is arriving")
	body.half <- errors.New("the store is gone")
	if err := <-ended; err == nil {
		t.Error("a cut was no failure")
	}
	nothing()

	body = s.gated()
	ended = p.beginToStage(s, body)
	must(t, p.stop())
	body.half <- nil
	if err := <-ended; err == nil {
		t.Error("the end of the agent was no failure")
	}
	p.start()
	nothing()

	must(t, p.stop())
	member := p.spawn()
	waitFor(t, "the agent", func() bool {
		r, err := p.control().Report(t.Context())
		return err == nil && r.State == control.StateWaiting
	})
	body = s.gated()
	ended = p.beginToStage(s, body)
	must(t, member.Process.Kill())
	_ = member.Wait()
	body.half <- nil
	if err := <-ended; err == nil {
		t.Error("a kill was no failure")
	}
	if len(p.snapshotFiles()) != 1 {
		t.Errorf("a kill left %v", p.snapshotFiles())
	}
	p.start()
	nothing()
	_, err = p.stage(s)
	must(t, err)
}

func TestSnapshotRefused(t *testing.T) {
	t.Parallel()
	s := source(t)
	put := func(bucket, key []byte, value string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, []byte(value)) }
	}
	spoilt := bytes.Clone(s.content)
	spoilt[len(spoilt)/2] ^= 1
	garbage := bytes.Repeat([]byte("garbage!"), 4096)
	p := newCluster(t, 1, plain)[0]
	for name, c := range map[string]struct {
		s      snapshotOf
		change func(*control.SnapshotRequest)
		reason control.Reason
		says   string
	}{
		"another volume":          {s, func(r *control.SnapshotRequest) { r.VolumeID = "other" }, "", "This volume is"},
		"another SHA-256":         {s, func(r *control.SnapshotRequest) { r.SHA256 = strings.Repeat("0", 64) }, control.ReasonCorruptSnapshot, "and not 000"},
		"a bit in transit":        {snapshotOf{spoilt, s.sha256}, nil, control.ReasonCorruptSnapshot, "What arrived has the SHA-256"},
		"a bit before the backup": {sealed(spoilt), nil, control.ReasonCorruptSnapshot, "at its end"},
		"no SHA-256 at the end":   {sealed(s.content[:len(s.content)-sha256.Size]), nil, control.ReasonCorruptSnapshot, "is no snapshot"},
		"garbage":                 {resealed(garbage), nil, control.ReasonCorruptSnapshot, "cannot be read"},
		"cut short and sealed":    {resealed(bytes.Clone(s.content[:8192])), nil, control.ReasonCorruptSnapshot, "cannot be read"},
		"no keys": {s.edited(t, func(tx *bbolt.Tx) error { return tx.DeleteBucket(keyBucket) }), nil,
			control.ReasonCorruptSnapshot, "it has no keys"},
		"a newer storage version": {s.edited(t, put(metaBucket, storageVersionKey, "3.8.0")), nil, control.ReasonNewerData, "written by etcd 3.8"},
		"a newer cluster version": {s.edited(t, put(clusterBucket, clusterVersionKey, "3.8.0")), nil, control.ReasonNewerData, "written by etcd 3.8"},
		"a much older one":        {s.edited(t, put(clusterBucket, clusterVersionKey, "3.3.0")), nil, control.ReasonOlderData, "written by etcd 3.3"},
		"no room":                 {s, func(r *control.SnapshotRequest) { r.Size = 1<<40 + sha256.Size }, control.ReasonNoRoom, "it takes 1048576 MiB"},
	} {
		req := c.s.request(p.report().Volume.ID)
		if c.change != nil {
			c.change(&req)
		}
		_, err := p.control().PutSnapshot(t.Context(), req, bytes.NewReader(c.s.content))
		var refused *control.Refusal
		if !errors.As(err, &refused) || refused.Reason != c.reason || !strings.Contains(refused.Message, c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if r := p.report(); r.Snapshot != nil || r.State != control.StateWaiting || len(p.snapshotFiles()) != 0 {
			t.Errorf("%s left %+v, files %v", name, r.Snapshot, p.snapshotFiles())
		}
	}
	for name, req := range map[string]control.SnapshotRequest{
		"no size":   {SHA256: s.sha256},
		"no digits": {Size: 8224, SHA256: "../../data"},
	} {
		if _, err := p.control().PutSnapshot(t.Context(), req, unread{t}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a restore's certificate is good for: one request.
func TestRestoreMayOnlyStage(t *testing.T) {
	t.Parallel()
	s := source(t)
	p := newCluster(t, 1, plain)[0]
	volume := p.report().Volume.ID
	c := dial.New(p.host, p.host, p.as.control.client(control.RestoreCommonName), 5*time.Second)
	defer c.Close()
	_, err := c.Report(t.Context())
	refusedWith(t, err, "not for quorate-restore")
	_, err = c.Admit(t.Context(), control.AdmitRequest{VolumeID: volume, Token: "token", Members: peersOf([]*pod{p})})
	refusedWith(t, err, "not for quorate-restore")
	_, err = c.PutSnapshot(t.Context(), s.request(volume), bytes.NewReader(s.content))
	must(t, err)
	_, err = p.stage(s) // and the operator may as well
	must(t, err)
}
