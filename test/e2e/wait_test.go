package e2e

import (
	"context"
	"testing"
	"time"
)

// Deadlines. They are generous: a test ends when its condition holds, and
// these only bound how long a failure takes to show.
const (
	short  = 20 * time.Second  // an answer of the API server or of a controller
	medium = 60 * time.Second  // a pod, a condition
	long   = 150 * time.Second // a whole cluster on a busy machine
)

const pollInterval = 200 * time.Millisecond

// eventually asks until check returns nil, and fails the test with the last
// answer when it does not within the limit.
func eventually(t testing.TB, limit time.Duration, what string, check func(ctx context.Context) error) {
	t.Helper()
	if err := until(limit, check); err != nil {
		t.Fatalf("not within %s: %s: %v", limit, what, err)
	}
}

// until asks until check returns nil, and returns the last answer when it
// does not within the limit.
func until(limit time.Duration, check func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // an answer that the deadline cut off says less
		}
		select {
		case <-ctx.Done():
			return last
		case <-ticker.C:
		}
	}
}

// bounded is a context for one call.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), short)
	t.Cleanup(cancel)
	return ctx
}
