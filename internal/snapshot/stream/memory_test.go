package stream

import (
	"crypto/sha256"
	"hash"
	"io"
	"math/rand"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
)

// generated is a snapshot of any size that nobody holds.
type generated struct {
	left int
	from *rand.Rand
	hash hash.Hash
	sum  []byte
}

func generate(pages int) *generated {
	return &generated{left: pages * page, from: rand.New(rand.NewSource(1)), hash: sha256.New()}
}

func (g *generated) Read(p []byte) (int, error) {
	if g.left > 0 {
		n := min(len(p), g.left)
		_, _ = g.from.Read(p[:n/2]) // half of it compresses
		clear(p[n/2 : n])
		g.hash.Write(p[:n])
		g.left -= n
		if g.left == 0 {
			g.sum = g.hash.Sum(nil)
		}
		return n, nil
	}
	if len(g.sum) == 0 {
		return 0, io.EOF
	}
	n := copy(p, g.sum)
	g.sum = g.sum[n:]
	return n, nil
}

// limit is what a stream may hold above what the test holds anyway.
const limit = 64 << 20

// TestMemory streams there and back, and holds the most that the heap had while
// that went on under a bound that knows nothing of the size.
func TestMemory(t *testing.T) {
	key := newKey(t)
	o := Options{Compression: snapshot.CompressionZstd, Recipients: key.recipients}
	small := peak(t, o, key.identities, 8)
	large := peak(t, o, key.identities, 300<<20/page)
	t.Logf("peak heap: %.1f MiB for 4 KiB, %.1f MiB for 300 MiB", float64(small)/(1<<20), float64(large)/(1<<20))
	if small > limit || large > limit {
		t.Errorf("peak heap %d and %d bytes above the start, want at most %d", small, large, limit)
	}
}

func peak(t *testing.T, o Options, ids Identities, pages int) (most uint64) {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	start := inUse()
	var highest atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			if now := inUse(); now > highest.Load() {
				highest.Store(now)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	// The manifest is known only after the whole stream, so it goes twice.
	sums, err := Encode(io.Discard, generate(pages), o)
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	go func() {
		// An encrypted stream differs each time; what is held does not.
		_, err := Encode(writer, generate(pages), o)
		writer.CloseWithError(err)
	}()
	r, err := NewReader(reader, described(o, sums), ids)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	r.Close()
	if n != int64(pages*page+sha256.Size) {
		t.Errorf("%d bytes came back: %v", n, err)
	}
	close(stop)
	<-stopped
	if high := highest.Load(); high > start {
		return high - start
	}
	return 0
}

// inUse is what the heap occupies, garbage and room for more included.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}
