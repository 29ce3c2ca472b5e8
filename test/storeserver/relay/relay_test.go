package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorate/quorate/test/storeserver/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers each connection with all that it has received, once that ends.
func echo(t *testing.T) string {
	t.Helper()
	l := listen(t)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			cut := context.AfterFunc(ctx, func() { _ = c.Close() })
			content, _ := io.ReadAll(c)
			_, _ = c.Write(content)
			cut()
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve runs a relay and returns its address and what ends it.
func serve(t *testing.T, target string, rate int) (string, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, ended := listen(t), make(chan error, 1)
	go func() { ended <- relay.Serve(ctx, l, target, rate) }()
	stop := func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("relay: %v", err)
			}
			ended <- nil
		case <-time.After(10 * time.Second):
			t.Error("the relay does not end")
		}
	}
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

// TestRate: all comes through unchanged, and not faster than asked for.
func TestRate(t *testing.T) {
	address, _ := serve(t, echo(t), 256<<10)
	content := bytes.Repeat([]byte("quorate "), 8<<10) // 64 KiB there and 64 KiB back
	c, began := dial(t, address), time.Now()
	if _, err := c.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d of %d bytes came back: %v", len(got), len(content), err)
	}
	// 128 KiB, of which 16 may pass at once, at 256 KiB per second.
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("it took only %s", took)
	}
}

// TestCut: whoever is in the middle when the relay ends learns it at once.
func TestCut(t *testing.T) {
	address, stop := serve(t, echo(t), 1<<10)
	c := dial(t, address)
	if _, err := c.Write(make([]byte, 64<<10)); err != nil {
		t.Fatal(err)
	}
	stop()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 1)); err == nil || n > 0 || isTimeout(err) {
		t.Errorf("read %d bytes: %v", n, err)
	}
}

// TestTargetGone: a target that does not answer hangs up.
func TestTargetGone(t *testing.T) {
	l := listen(t)
	target := l.Addr().String()
	_ = l.Close()
	address, _ := serve(t, target, 1<<20)
	c := dial(t, address)
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("read: %v", err)
	}
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}
