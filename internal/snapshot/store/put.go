package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// Put writes what write writes as one object. The object appears whole when
// write returned nil and the store has taken all of it; otherwise not at all.
// With absent, an object that is there already stays, and the error is Exists.
// Without, it is replaced. An error of write is given back as it is.
func (s *Store) Put(ctx context.Context, key string, absent bool, write func(io.Writer) error) error {
	full, err := s.full(key)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reader, writer := io.Pipe()
	watched := s.watch(reader, func() { cancel(errStalled) })
	defer watched.timer.Stop()
	written := make(chan error, 1)
	go func() {
		err := write(writer)
		_ = writer.CloseWithError(err)
		written <- err
	}()
	put := s.told("write", key, withCause(ctx, s.backend.put(ctx, full, absent, watched)))
	// Where the store has refused, write must not wait for it any more.
	_ = reader.CloseWithError(put)
	if err := <-written; err != nil && (put == nil || !errors.Is(err, put)) {
		return err
	}
	return put
}

// PutBytes writes a small object, as Put does.
func (s *Store) PutBytes(ctx context.Context, key string, absent bool, text []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 3*s.stall, errStalled)
	defer cancel()
	return s.Put(ctx, key, absent, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}

// watchdog ends an upload of which the store takes nothing more, whatever the
// SDK does meanwhile: some try again for ever.
type watchdog struct {
	from  io.Reader
	timer *time.Timer
	limit time.Duration
}

func (s *Store) watch(from io.Reader, end func()) *watchdog {
	w := &watchdog{from: from, limit: 3 * s.stall}
	seen := s.moved.Load()
	w.timer = time.AfterFunc(w.limit, func() {
		// A part of an object can take longer than that.
		if now := s.moved.Load(); now != seen {
			seen = now
			w.timer.Reset(w.limit)
			return
		}
		end()
	})
	return w
}

// Read implements io.Reader. To wait for what is written is not the store's.
func (w *watchdog) Read(p []byte) (int, error) {
	w.timer.Stop()
	defer w.timer.Reset(w.limit)
	return w.from.Read(p)
}

// whole ends the upload before it fails its reader: Google's writer would take
// what it has got for the whole object.
type whole struct {
	from   io.Reader
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (w whole) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.cancel()
	}
	return n, err
}
