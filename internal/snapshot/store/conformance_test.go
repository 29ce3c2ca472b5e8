package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is one kind of store under test.
type place struct {
	// options reach a bucket that is empty below their prefix.
	options Options
	// canaries are the credentials: no message may hold one.
	canaries []string
}

// opened opens a place under a prefix of the test's own.
func (p place) opened(t *testing.T, change ...func(*Options)) *Store {
	t.Helper()
	o := p.options
	o.Prefix = fmt.Sprintf("%s-%d", strings.NewReplacer("/", "-", " ", "-").Replace(strings.ToLower(t.Name())), rand.Int63())
	for _, c := range change {
		c(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// refuses holds an error to a reason, the place's name, and silence about credentials.
func (p place) refuses(t *testing.T, err error, want ...Reason) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !slices.Contains(want, e.Reason) {
		t.Errorf("error %v, want one for %v", err, want)
		return
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
		for _, canary := range p.canaries {
			if strings.Contains(text, canary) {
				t.Errorf("a credential is told: %s", text)
			}
		}
	}
	t.Log(err)
}

func content(seed int64, size int) []byte {
	b := make([]byte, size)
	_, _ = rand.New(rand.NewSource(seed)).Read(b)
	return b
}

func put(t *testing.T, s *Store, key string, b []byte) {
	t.Helper()
	if err := s.PutBytes(t.Context(), key, false, b); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Store, key string) []byte {
	t.Helper()
	r, o, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if o.Size != int64(len(b)) || o.Key != key {
		t.Errorf("%+v describes %d bytes of %s", o, len(b), key)
	}
	return b
}

func keys(t *testing.T, s *Store, prefix string) []string {
	t.Helper()
	var found []string
	if err := s.List(t.Context(), prefix, func(o Object) bool {
		found = append(found, o.Key)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

// conform is the suite that every kind of store passes.
func conform(t *testing.T, p place) {
	for _, test := range []struct {
		name string
		do   func(*testing.T, place)
	}{
		{"objects", testObjects}, {"ranges", testRanges}, {"list", testList}, {"missing", testMissing}, {"overwrite", testOverwrite},
		{"concurrent", testConcurrent}, {"large", testLarge}, {"interrupted", testInterrupted}, {"cancelled", testCancelled}, {"names", testNames},
		{"resumed", testResumed},
	} {
		t.Run(test.name, func(t *testing.T) { test.do(t, p) })
	}
}

func testObjects(t *testing.T, p place) {
	s := p.opened(t)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, size := range []int{0, 1, 1000, 3 << 20} {
		key := fmt.Sprintf("a/b-%d.db.zst", size)
		want := content(int64(size), size)
		put(t, s, key, want)
		if got := get(t, s, key); !bytes.Equal(got, want) {
			t.Errorf("%d other bytes come back of %d", len(got), size)
		}
		o, err := s.Stat(t.Context(), key)
		if err != nil || o.Size != int64(size) || o.Tag == "" || o.ModTime.Before(time.Now().Add(-time.Hour)) {
			t.Errorf("%+v: %v", o, err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		if err := s.Delete(t.Context(), key); err != nil {
			t.Errorf("deleted twice: %v", err)
		}
		_, err = s.Stat(t.Context(), key)
		p.refuses(t, err, NotFound)
	}
}

func testRanges(t *testing.T, p place) {
	s := p.opened(t)
	want := content(1, 100_000)
	put(t, s, "ranges", want)
	for _, r := range [][2]int64{{0, 1}, {0, 100}, {99_999, 1}, {50_000, 50_000}, {7, 4096}} {
		got, err := s.GetRange(t.Context(), "ranges", r[0], r[1])
		if err != nil || !bytes.Equal(got, want[r[0]:r[0]+r[1]]) {
			t.Errorf("range %v: %d bytes, %v", r, len(got), err)
		}
	}
	if _, err := s.GetBytes(t.Context(), "ranges", 99_999); err == nil {
		t.Error("more than the limit is read")
	}
}

// many is more than a page of a listing.
const many = listPage + 7

func testList(t *testing.T, p place) {
	s := p.opened(t)
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("an empty prefix lists %v", got)
	}
	var wait sync.WaitGroup
	work := make(chan int)
	for range 8 {
		wait.Go(func() {
			for i := range work {
				if err := s.PutBytes(t.Context(), fmt.Sprintf("many/%05d.json", i), true, []byte("{}")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range many {
		work <- i
	}
	close(work)
	wait.Wait()
	for _, key := range []string{"other.json", "manyfold.json"} {
		put(t, s, key, []byte("{}"))
	}
	if got := keys(t, s, "many/"); len(got) != many || got[0] != "many/00000.json" || got[many-1] != fmt.Sprintf("many/%05d.json", many-1) {
		t.Errorf("%d objects, want %d", len(got), many)
	}
	if got := keys(t, s, "many/0000"); len(got) != 10 {
		t.Errorf("part of a name: %v", got)
	}
	if got := keys(t, s, ""); len(got) != many+2 {
		t.Errorf("%d objects in all, want %d", len(got), many+2)
	}
	seen := 0
	if err := s.List(t.Context(), "", func(Object) bool { seen++; return seen < 3 }); err != nil || seen != 3 {
		t.Errorf("a listing that was stopped saw %d: %v", seen, err)
	}
	if got := keys(t, p.opened(t), ""); len(got) != 0 {
		t.Errorf("another prefix has %v", got)
	}
}

func testMissing(t *testing.T, p place) {
	s := p.opened(t)
	_, _, err := s.Get(t.Context(), "not/there")
	p.refuses(t, err, NotFound)
	_, err = s.GetRange(t.Context(), "not/there", 0, 1)
	p.refuses(t, err, NotFound)
	_, err = s.GetBytes(t.Context(), "not/there", 10)
	p.refuses(t, err, NotFound)
	if err != nil && !strings.Contains(err.Error(), s.Where("not/there")) {
		t.Errorf("%v does not say %s", err, s.Where("not/there"))
	}
}

func testOverwrite(t *testing.T, p place) {
	s := p.opened(t)
	for _, size := range []int{10, 20 << 20} {
		key := fmt.Sprintf("object-%d", size)
		first, second := content(1, size), content(2, size)
		if err := s.PutBytes(t.Context(), key, true, first); err != nil {
			t.Fatal(err)
		}
		before, err := s.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		p.refuses(t, s.PutBytes(t.Context(), key, true, second), Exists)
		if !bytes.Equal(get(t, s, key), first) {
			t.Errorf("size %d: what was refused has replaced", size)
		}
		put(t, s, key, second)
		after, err := s.Stat(t.Context(), key)
		if err != nil || before.Tag == after.Tag {
			t.Errorf("size %d: another object has the same tag %s: %v", size, after.Tag, err)
		}
		if !bytes.Equal(get(t, s, key), second) {
			t.Errorf("size %d: was not replaced", size)
		}
	}
}

// Of many who want to make the same object one does.
func testConcurrent(t *testing.T, p place) {
	s := p.opened(t)
	for round := range 5 {
		key := fmt.Sprintf("contested-%d", round)
		results := make([]error, 8)
		var wait sync.WaitGroup
		start := make(chan struct{})
		for i := range results {
			wait.Go(func() {
				<-start
				results[i] = s.PutBytes(t.Context(), key, true, content(int64(i), 100))
			})
		}
		close(start)
		wait.Wait()
		winner := -1
		for i, err := range results {
			switch {
			case err != nil:
				p.refuses(t, err, Exists)
			case winner >= 0:
				t.Errorf("round %d: %d and %d were both first", round, winner, i)
			default:
				winner = i
			}
		}
		if winner < 0 || !bytes.Equal(get(t, s, key), content(int64(winner), 100)) {
			t.Errorf("round %d: it is not what the first, %d, has written", round, winner)
		}
	}
}

func testLarge(t *testing.T, p place) {
	s := p.opened(t)
	want := content(1, 5*partSize+12345)
	if err := s.Put(t.Context(), "large", true, func(w io.Writer) error {
		for rest := want; len(rest) > 0; {
			n, err := w.Write(rest[:min(len(rest), 100_001)])
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(get(t, s, "large"), want) {
		t.Error("another object comes back")
	}
}

// sizes of an upload that is broken off: within a part, and after some.
var sizes = []int{0, 1000, partSize - 1, 3*partSize + 5}

func testInterrupted(t *testing.T, p place) {
	s := p.opened(t)
	broken := errors.New("the source is broken")
	for _, size := range sizes {
		key := fmt.Sprintf("interrupted-%d", size)
		err := s.Put(t.Context(), key, false, func(w io.Writer) error {
			_, err := w.Write(content(1, size))
			return errors.Join(err, broken)
		})
		if !errors.Is(err, broken) {
			t.Errorf("size %d: %v", size, err)
		}
		_, err = s.Stat(t.Context(), key)
		p.refuses(t, err, NotFound)
	}
	if got := keys(t, s, ""); len(got) != 0 {
		t.Errorf("what was broken off is there: %v", got)
	}
	// An object that was there stays.
	put(t, s, "kept", []byte("old"))
	if err := s.Put(t.Context(), "kept", false, func(w io.Writer) error {
		_, err := w.Write([]byte("new"))
		return errors.Join(err, broken)
	}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if got := get(t, s, "kept"); string(got) != "old" {
		t.Errorf("%q", got)
	}
}

func testCancelled(t *testing.T, p place) {
	s := p.opened(t)
	for _, size := range sizes {
		ctx, cancel := context.WithCancel(t.Context())
		key := fmt.Sprintf("cancelled-%d", size)
		err := s.Put(ctx, key, false, func(w io.Writer) error {
			_, err := w.Write(content(1, size))
			cancel()
			return errors.Join(err, ctx.Err())
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("size %d: %v", size, err)
		}
		_, err = s.Stat(t.Context(), key)
		p.refuses(t, err, NotFound)
	}
	if _, err := s.Sweep(t.Context(), "", time.Now().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if n, err := s.Sweep(t.Context(), "", time.Now().Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("swept twice: %d, %v", n, err)
	}
}

func testNames(t *testing.T, p place) {
	s := p.opened(t)
	for _, key := range []string{"", "/a", "a/", "../a", "a/../../b", "a//b", "."} {
		p.refuses(t, s.PutBytes(t.Context(), key, false, []byte("x")), BadLocation)
	}
	for _, key := range []string{"snapshot 2026.db", "été.db", "a+b&c=d.db", "100%.db", "q?.db"} {
		put(t, s, key, []byte(key))
		if got := get(t, s, key); string(got) != key {
			t.Errorf("%s: %q", key, got)
		}
		if got := keys(t, s, key); !slices.Contains(got, key) {
			t.Errorf("%s is listed as %v", key, got)
		}
	}
}

// breaking fails each body after some bytes.
type breaking struct {
	backend
	after int64
}

func (b breaking) open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	r, err := b.backend.open(ctx, key, offset, length)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, b.after), failing{}), r}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func testResumed(t *testing.T, p place) {
	s := p.opened(t)
	want := content(1, 300_000)
	put(t, s, "object", want)
	s.backend = breaking{s.backend, 40_000}
	if got := get(t, s, "object"); !bytes.Equal(got, want) {
		t.Error("another object comes back over several connections")
	}
	s.backend = breaking{s.backend, 0}
	r, _, err := s.Get(t.Context(), "object")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	_, err = io.ReadAll(r)
	p.refuses(t, err, Interrupted)
}
