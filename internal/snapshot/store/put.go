package store

import (
	"bytes"
	"context"
	"errors"
	"io"
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
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(writer)
		_ = writer.CloseWithError(err)
		written <- err
	}()
	put := s.told("write", key, withCause(ctx, s.backend.put(ctx, full, absent, reader)))
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
