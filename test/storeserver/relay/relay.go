// Package relay passes connections on, slowly: a store behind it has a thin
// line. It knows nothing of what passes, so TLS goes through it end to end. It
// imports the standard library and a rate limiter.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"golang.org/x/time/rate"
)

// chunk is how many bytes pass at once, at most.
const chunk = 16 << 10

// Serve passes what comes in on the listener on to the target, and back, with
// so many bytes per second over all connections and both ways together. It
// returns when the context ends, and cuts off what is under way.
func Serve(ctx context.Context, listener net.Listener, target string, bytesPerSecond int) error {
	if bytesPerSecond <= 0 {
		return fmt.Errorf("%d bytes per second are not a rate", bytesPerSecond)
	}
	ctx, cancel := context.WithCancel(ctx)
	limit := rate.NewLimiter(rate.Limit(bytesPerSecond), chunk)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	for {
		client, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = client.Close()
			}
			return nil
		case err != nil:
			return fmt.Errorf("accept: %w", err)
		}
		all.Go(func() { pass(ctx, client.(*net.TCPConn), target, limit) })
	}
}

// pass serves one connection. A target that does not answer is as good as one
// that hangs up.
func pass(ctx context.Context, client *net.TCPConn, target string, limit *rate.Limiter) {
	defer func() { _ = client.Close() }()
	dialed, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
	if err != nil {
		return
	}
	server := dialed.(*net.TCPConn)
	defer func() { _ = server.Close() }()
	defer context.AfterFunc(ctx, func() {
		_ = client.SetLinger(0) // cut, not closed
		_ = server.SetLinger(0)
		_ = client.Close()
		_ = server.Close()
	})()
	var both sync.WaitGroup
	both.Go(func() { oneWay(ctx, server, client, limit) })
	both.Go(func() { oneWay(ctx, client, server, limit) })
	both.Wait()
}

// oneWay copies until the source ends, and says so to the destination; when
// the destination fails it ends the source, so that the other way ends too.
func oneWay(ctx context.Context, to, from *net.TCPConn, limit *rate.Limiter) {
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if limit.WaitN(ctx, n) != nil {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if errors.Is(err, io.EOF) {
			_ = to.CloseWrite()
			return
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
