package agent

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// prove writes a snapshot to a file and proves it. Whatever comes out, nothing is
// left of it.
func (s snapshotOf) prove(t *testing.T, want Expected) (Proof, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "snapshot.db")
	must(t, os.WriteFile(file, s.content, 0o600))
	tmp := filepath.Join(dir, "tmp")
	must(t, os.Mkdir(tmp, 0o700))
	must(t, os.MkdirAll(filepath.Join(tmp, "prove", "data"), 0o700)) // of one that was killed
	log := zap.NewNop()
	if os.Getenv("AGENT_TEST_LOG") != "" {
		log = NewLogger(os.Stderr, zap.NewAtomicLevel())
	}
	proof, err := Prove{Snapshot: file, SHA256: s.sha256, Dir: tmp, Expected: want}.Run(t.Context(), log)
	left, readErr := os.ReadDir(tmp)
	must(t, readErr)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	after, readErr := os.ReadFile(file)
	must(t, readErr)
	if string(after) != string(s.content) {
		t.Error("the snapshot was changed")
	}
	return proof, err
}

func TestProve(t *testing.T) {
	t.Parallel()
	l := live(t)
	good := Expected{Revision: l.revision, CompactRevision: l.hash.CompactRevision, Hash: l.hash.Hash}
	with := func(change func(*Expected)) Expected {
		e := good
		change(&e)
		return e
	}
	otherValue := l.edited(t, func(tx *bbolt.Tx) error {
		key, value := tx.Bucket(keyBucket).Cursor().Last()
		changed := append([]byte{}, value...)
		changed[len(changed)-8] ^= 1 // within the value or its lease: a message all the same
		return tx.Bucket(keyBucket).Put(key, changed)
	})
	keyLost := l.edited(t, func(tx *bbolt.Tx) error {
		c := tx.Bucket(keyBucket).Cursor()
		c.First()
		return c.Delete()
	})
	noMeta := l.edited(t, func(tx *bbolt.Tx) error { return tx.DeleteBucket(keyBucket) })
	newer := l.edited(t, func(tx *bbolt.Tx) error {
		return tx.Bucket(clusterBucket).Put(clusterVersionKey, []byte("3.8.0"))
	})
	for name, c := range map[string]struct {
		s        snapshotOf
		want     Expected
		proven   bool
		compared Compared
		reason   control.Reason
	}{
		"good":                 {l.snapshotOf, good, true, ComparedHashKV, ""},
		"an earlier revision":  {l.snapshotOf, with(func(e *Expected) { e.Revision-- }), false, ComparedRevision, ReasonDifferent},
		"nobody asked":         {l.snapshotOf, Expected{}, true, ComparedRevision, ""},
		"another hash":         {l.snapshotOf, with(func(e *Expected) { e.Hash++ }), false, ComparedRevision, ReasonDifferent},
		"it ends too early":    {l.snapshotOf, with(func(e *Expected) { e.Revision++ }), false, ComparedSHA256, ReasonDifferent},
		"compacted since":      {l.snapshotOf, with(func(e *Expected) { e.CompactRevision-- }), true, ComparedRevision, ReasonNotComparable},
		"compacted beyond it":  {l.snapshotOf, Expected{Revision: 15, CompactRevision: 3, Hash: 1}, true, ComparedRevision, ReasonNotComparable},
		"compaction forgotten": {l.snapshotOf, with(func(e *Expected) { e.CompactRevision++ }), false, ComparedRevision, ReasonDifferent},
		"another value":        {otherValue, good, false, ComparedRevision, ReasonDifferent},
		"a key lost":           {keyLost, good, false, ComparedRevision, ReasonDifferent},
		"another file":         {snapshotOf{otherValue.content, l.sha256}, good, false, "", control.ReasonCorruptSnapshot},
		"no keys at all":       {noMeta, good, false, ComparedSHA256, control.ReasonCorruptSnapshot},
		"a newer release":      {newer, good, false, ComparedSHA256, control.ReasonNewerData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proof, err := c.s.prove(t, c.want)
			must(t, err)
			if proof.Proven != c.proven || proof.Compared != c.compared || proof.Reason != c.reason || (proof.Message == "") != (c.reason == "") {
				t.Errorf("got %+v", proof)
			}
			if proof.Proven && (proof.TotalKeys != len(l.keys) || proof.Revision != l.revision || proof.Size != int64(len(l.content)) || proof.Seconds.Total <= 0) {
				t.Errorf("got %+v, want %d keys at %d", proof, len(l.keys), l.revision)
			}
			if c.compared == ComparedHashKV && (proof.Hash != good.Hash || proof.CompactRevision != good.CompactRevision) {
				t.Errorf("got %+v", proof)
			}
		})
	}
}

// A bit that is flipped, a cut or a chunk that is swapped: whatever happens to the
// file is found.
func TestProveDamaged(t *testing.T) {
	t.Parallel()
	l := live(t)
	for range 100 {
		damaged := append([]byte{}, l.content...)
		at, kind := rand.IntN(len(damaged)-1), rand.IntN(3)
		switch kind {
		case 0:
			damaged[at] ^= 1 << rand.IntN(8)
		case 1:
			damaged = damaged[:at]
		case 2:
			damaged = append(append(append([]byte{}, damaged[at:]...), damaged[:at]...), 0)[:len(damaged)]
			if at == 0 {
				continue // nothing was swapped
			}
		}
		proof, err := snapshotOf{damaged, l.sha256}.prove(t, Expected{})
		if err != nil || proof.Proven || proof.Reason != control.ReasonCorruptSnapshot {
			t.Errorf("damage %d at %d: %+v, %v", kind, at, proof, err)
		}
	}
}

// What says nothing of the snapshot is an error.
func TestProveNotTried(t *testing.T) {
	t.Parallel()
	s := source(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "snapshot.db")
	must(t, os.WriteFile(file, s.content, 0o600))
	for name, p := range map[string]Prove{
		"no file":          {Snapshot: file + "x", SHA256: s.sha256, Dir: dir},
		"no directory":     {Snapshot: file, SHA256: s.sha256, Dir: filepath.Join(dir, "missing")},
		"file as a dir":    {Snapshot: file, SHA256: s.sha256, Dir: file},
		"read-only, /proc": {Snapshot: file, SHA256: s.sha256, Dir: "/proc/self"},
	} {
		if proof, err := p.Run(t.Context(), zap.NewNop()); err == nil || strings.Contains(err.Error(), "panicked") {
			t.Errorf("%s: %+v, %v", name, proof, err)
		}
	}
}
