package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Get reads an object from its beginning. A connection that breaks is made
// again and goes on where it stopped, as long as each brings something.
func (s *Store) Get(ctx context.Context, key string) (io.ReadCloser, Object, error) {
	o, err := s.Stat(ctx, key)
	if err != nil {
		return nil, Object{}, err
	}
	r := &resuming{ctx: ctx, store: s, key: key, size: o.Size}
	if err := r.connect(); err != nil {
		return nil, Object{}, err
	}
	return r, o, nil
}

// GetRange reads length bytes of an object from offset on.
func (s *Store) GetRange(ctx context.Context, key string, offset, length int64) ([]byte, error) {
	full, err := s.full(key)
	if err != nil {
		return nil, err
	}
	var text []byte
	err = s.brief(ctx, func(ctx context.Context) error {
		r, err := s.backend.open(ctx, full, offset, length)
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		text, err = io.ReadAll(r)
		return err
	})
	return text, s.missing(ctx, "read", key, err)
}

// GetBytes reads a small object; a larger one than limit is an error.
func (s *Store) GetBytes(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, o, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	if o.Size > limit {
		return nil, &Error{Reason: Unknown, Message: fmt.Sprintf("read %s: it has %d bytes, and at most %d are read", s.Where(key), o.Size, limit)}
	}
	var text bytes.Buffer
	_, err = io.Copy(&text, r)
	return text.Bytes(), err
}

// tries is how often a connection may bring nothing.
const tries = 3

// resuming reads an object over as many connections as it takes.
type resuming struct {
	ctx   context.Context
	store *Store
	key   string
	size  int64

	at   int64
	body io.ReadCloser
	// idle counts the connections in a row that brought nothing.
	idle int
	err  error
}

func (r *resuming) connect() error {
	full, err := r.store.full(r.key)
	if err != nil {
		return err
	}
	if r.at == r.size {
		r.body = io.NopCloser(bytes.NewReader(nil))
		return nil
	}
	body, err := r.store.backend.open(r.ctx, full, r.at, -1)
	if err != nil {
		return r.store.missing(r.ctx, "read", r.key, withCause(r.ctx, err))
	}
	r.body = body
	return nil
}

// Read implements io.Reader. It ends where the object ended when it was opened.
func (r *resuming) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.idle = 0
		}
		switch {
		case r.at > r.size, errors.Is(err, io.EOF) && r.at == r.size:
			// More than there was is the reader's to find: it compares.
			r.err = io.EOF
		case err != nil:
			r.err = r.again(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// again makes the next connection, or says what ended the last.
func (r *resuming) again(cause error) error {
	if errors.Is(cause, io.EOF) {
		cause = io.ErrUnexpectedEOF
	}
	told := r.store.told("read", r.key, withCause(r.ctx, cause))
	if r.idle++; r.idle > tries || r.ctx.Err() != nil || !Passing(told) {
		return told
	}
	_ = r.body.Close()
	if err := r.connect(); err != nil {
		return err
	}
	return nil
}

// Close implements io.Closer.
func (r *resuming) Close() error { return r.body.Close() }
