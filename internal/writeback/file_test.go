package writeback

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What was written is there, in pieces of any size, and is on the disk bit by bit.
func TestFile(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, flushSize - 1, flushSize, 5*flushSize + 7} {
		path := filepath.Join(t.TempDir(), "file")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat([]byte("quorate"), size/7+1)[:size]
		f := New(file)
		for rest := want; len(rest) > 0; {
			n, err := f.Write(rest[:min(len(rest), 300_001)])
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := errors.Join(f.Finish(), file.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes were written and %d are there: %v", size, len(got), err)
		}
	}
}

// broken is a disk whose first sync fails, and tells nobody afterwards.
type broken struct{ synced int }

var errBroken = errors.New("input/output error")

func (b *broken) Write(p []byte) (int, error) { return len(p), nil }

func (b *broken) Sync() error {
	if b.synced++; b.synced == 1 {
		return errBroken
	}
	return nil
}

// A sync that failed in the middle is not forgotten by the one at the end.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	b := &broken{}
	f := New(b)
	if _, err := f.Write(make([]byte, flushSize)); err != nil {
		t.Fatal(err)
	}
	<-f.ended
	if _, err := f.Write(make([]byte, 1)); !errors.Is(err, errBroken) {
		t.Errorf("what comes after is written: %v", err)
	}
	if err := f.Finish(); !errors.Is(err, errBroken) {
		t.Errorf("after %d syncs: %v", b.synced, err)
	}
}
