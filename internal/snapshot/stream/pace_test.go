package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestPace(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(256 << 10)
		for i := range 2 { // both by the same bound
			begun := time.Now()
			got, err := io.ReadAll(pace.Of(t.Context(), bytes.NewReader(content)))
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("%d bytes came, %v", len(got), err)
			}
			want := 4 * time.Second
			if i == 0 {
				want = 3 * time.Second // one bufferSize is free
			}
			if took := time.Since(begun).Round(10 * time.Millisecond); took != want {
				t.Errorf("reading %d: 1 MiB at 256 KiB/s took %v, want %v", i, took, want)
			}
		}
	})
	plain := bytes.NewReader(content)
	if got := NewPace(0).Of(t.Context(), plain); got != io.Reader(plain) {
		t.Errorf("without a bound there is %T between", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := io.ReadAll(NewPace(1).Of(ctx, plain)); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}
