package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// Target is a volume that is to have a snapshot.
type Target interface {
	// Name is for messages.
	Name() string
	// Put takes a snapshot as a whole: it fails where what comes is not plain. It
	// need not read what it has already.
	Put(ctx context.Context, plain snapshot.Content, body io.Reader) error
}

// Send brings the plain snapshot of a backup to all targets at once, reading the
// store once. A target has it once Put has succeeded, and nobody has a part of one.
// What has no manifest to say what it is, is read through first.
func Send(ctx context.Context, st Store, which Which, ids stream.Identities, targets []Target) (Fetched, error) {
	from, fetched, err := Open(ctx, st, which, ids)
	if err != nil {
		return Fetched{}, err
	}
	if fetched.Manifest == nil {
		_ = from.Close()
		if fetched, err = Read(ctx, st, which, ids); err != nil {
			return Fetched{}, err
		}
		if from, _, err = Open(ctx, st, which, ids); err != nil {
			return Fetched{}, err
		}
	}
	defer func() { _ = from.Close() }()
	if err := spread(ctx, from, fetched.Plain, targets); err != nil {
		return Fetched{}, fmt.Errorf("send %s: %w", fetched.Key, err)
	}
	return fetched, nil
}

// spread gives every target the same bytes, as fast as the slowest takes them.
func spread(ctx context.Context, from io.Reader, plain snapshot.Content, targets []Target) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	failures := make([]error, len(targets))
	pipes := make([]*io.PipeWriter, len(targets))
	for i, target := range targets {
		reader, writer := io.Pipe()
		pipes[i] = writer
		all.Go(func() {
			err := target.Put(ctx, plain, reader)
			if err != nil {
				failures[i] = fail(NotTaken, err, "%s does not take it", target.Name())
				cancel() // the others would have it in vain
			}
			// Whatever it has not read it does not want.
			_ = reader.CloseWithError(errors.Join(errEnough, err))
		})
	}
	_, err := io.CopyBuffer(fan{ctx, pipes}, from, make([]byte, copySize))
	for _, pipe := range pipes {
		_ = pipe.CloseWithError(err) // nil: the end, which proves what came before
	}
	all.Wait()
	var fault *stream.Error
	if errors.As(err, &fault) {
		return err // whoever was to take it says only that it broke off
	}
	if err != nil && !errors.Is(err, errEnough) && ctx.Err() == nil {
		return err
	}
	for _, failure := range failures {
		if failure != nil && !errors.Is(failure, context.Canceled) {
			return failure
		}
	}
	return errors.Join(append(failures, context.Cause(ctx))...)
}

var errEnough = errors.New("nothing more is read")

// fan writes to all who still read. It fails when nobody does.
type fan struct {
	ctx   context.Context
	pipes []*io.PipeWriter
}

// Write implements io.Writer.
func (f fan) Write(p []byte) (int, error) {
	reading := 0
	for _, pipe := range f.pipes {
		if _, err := pipe.Write(p); err == nil {
			reading++
		} else if !errors.Is(err, errEnough) {
			return 0, err
		}
	}
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if reading == 0 {
		return 0, errEnough
	}
	return len(p), nil
}
