package stream

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/quorate/quorate/internal/snapshot"
)

// How much is held: the window of zstd, and what is copied at a time.
const (
	window     = 1 << 20
	bufferSize = 256 << 10
)

// Options say what is done to a snapshot on its way into a store.
type Options struct {
	Compression snapshot.Compression
	// Recipients are empty where nothing is encrypted.
	Recipients Recipients
}

// Encrypted is true where there are recipients.
func (o Options) Encrypted() bool { return len(o.Recipients.keys) > 0 }

// Sums are the two ends of a stream.
type Sums struct{ Plain, Stored snapshot.Content }

// Encode reads a snapshot as etcd sends it from src to its end, and writes what
// is stored to dst. A snapshot that does not end with its own SHA-256 is an
// Error: what was written must then not be kept.
func Encode(dst io.Writer, src io.Reader, o Options) (Sums, error) {
	plain := newDigest()
	stored := newCounter()
	passed := o.Compression == snapshot.CompressionNone && !o.Encrypted()
	out, end := dst, func() error { return nil }
	if !passed {
		var err error
		if out, end, err = chain(io.MultiWriter(dst, stored), o); err != nil {
			return Sums{}, err
		}
	}
	if err := pump(out, plain, src); err != nil {
		return Sums{}, err
	}
	if err := plain.trailer(); err != nil {
		return Sums{}, err
	}
	if err := end(); err != nil {
		return Sums{}, fmt.Errorf("write snapshot: %w", err)
	}
	sums := Sums{Plain: plain.content(), Stored: stored.content()}
	if passed {
		sums.Stored = sums.Plain
	}
	return sums, nil
}

// chain puts zstd and age before dst; end writes what they still hold.
func chain(dst io.Writer, o Options) (out io.Writer, end func() error, err error) {
	var closers []io.Closer
	out = dst
	if o.Encrypted() {
		encrypted, err := age.Encrypt(out, o.Recipients.keys...)
		if err != nil {
			return nil, nil, fmt.Errorf("begin to encrypt the snapshot: %w", err)
		}
		out, closers = encrypted, append(closers, encrypted)
	}
	switch o.Compression {
	case snapshot.CompressionNone:
	case snapshot.CompressionZstd:
		compressed, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, nil, fmt.Errorf("begin to compress the snapshot: %w", err)
		}
		out, closers = compressed, append(closers, compressed)
	default:
		return nil, nil, fmt.Errorf("compression %q: want zstd or none", o.Compression)
	}
	return out, func() error {
		for i := len(closers) - 1; i >= 0; i-- {
			if err := closers[i].Close(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// pump says which end an error came from: the source may be asked again.
func pump(dst io.Writer, plain *digest, src io.Reader) error {
	buffer := make([]byte, bufferSize)
	for {
		n, err := io.ReadAtLeast(src, buffer, 1)
		_, _ = plain.Write(buffer[:n])
		if n > 0 {
			if _, err := dst.Write(buffer[:n]); err != nil {
				return fmt.Errorf("write snapshot: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read snapshot: %w", &SourceError{err})
		}
	}
}

// SourceError is what reading the snapshot from etcd failed with.
type SourceError struct{ Err error }

// Error implements error.
func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap gives the source's own error.
func (e *SourceError) Unwrap() error { return e.Err }
