package stream

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"github.com/quorate/quorate/internal/snapshot"
)

// maxWindow is the most that a frame of zstd may make the reader hold.
const maxWindow = 8 << 20

// Reader gives the plain snapshot of what is stored. Its bytes are proven only
// by its io.EOF.
type Reader struct {
	source *source
	out    io.Reader
	close  func()
	plain  *digest
	// want is nil for a plain file, whose end is the proof.
	want *snapshot.Manifest
	sums Sums
	err  error
}

// NewReader reads the data of a backup from src and compares it with its
// manifest. An Error says that the two do not belong together or that no
// identity fits; any other is src's own.
func NewReader(src io.Reader, m snapshot.Manifest, ids Identities) (*Reader, error) {
	r := &Reader{source: &source{from: src, sum: newCounter(), limit: m.Stored.Size}, plain: newDigest(), want: &m, close: func() {}}
	r.out = r.source
	// What is stored as it is has one hash.
	r.source.unhashed = m.Encryption == nil && m.Compression == snapshot.CompressionNone
	if m.Encryption != nil {
		if ids.Empty() {
			return nil, &Error{WrongKey, fmt.Sprintf("snapshot is encrypted, and there is no identity to open it: give that of one of its recipients, %s", strings.Join(m.Encryption.Recipients, ", "))}
		}
		opened, err := age.Decrypt(r.source, ids.keys...)
		if err != nil {
			return nil, r.unopened(err)
		}
		r.out = opened
	}
	if m.Compression == snapshot.CompressionZstd {
		decoder, err := zstd.NewReader(r.out, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, r.told(err)
		}
		r.out, r.close = decoder, decoder.Close
	}
	return r, nil
}

// NewPlainReader reads a file that etcdctl snapshot save wrote: the SHA-256 at
// its end is all the proof there is.
func NewPlainReader(src io.Reader) *Reader {
	s := &source{from: src, sum: newCounter(), limit: -1, unhashed: true}
	return &Reader{source: s, out: s, plain: newDigest(), close: func() {}}
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.out.Read(p)
	_, _ = r.plain.Write(p[:n])
	switch {
	case errors.Is(err, io.EOF) && r.source.err == nil:
		r.err = r.prove()
	case err != nil:
		r.err = r.told(err)
	case r.want != nil && r.plain.size > r.want.Plain.Size:
		r.err = damaged("it is longer than the %d bytes of its manifest", r.want.Plain.Size)
	}
	return n, r.err
}

// Close frees what the reader holds. It does not close the source.
func (r *Reader) Close() { r.close() }

// Sums are those of what was read, once Read has given io.EOF.
func (r *Reader) Sums() Sums { return r.sums }

// prove gives io.EOF, or what is wrong.
func (r *Reader) prove() error {
	// zstd stops at the end of its frame: what follows is damage too.
	if _, err := io.Copy(io.Discard, r.source); err != nil {
		return r.told(err)
	}
	if err := r.plain.trailer(); err != nil {
		return err
	}
	r.sums = Sums{Plain: r.plain.content(), Stored: r.source.sum.content()}
	if r.source.unhashed {
		r.sums.Stored = r.sums.Plain
	}
	if r.want == nil {
		return io.EOF
	}
	if r.sums.Stored != r.want.Stored {
		return differs("stored", r.sums.Stored, r.want.Stored)
	}
	if r.sums.Plain != r.want.Plain {
		return differs("plain", r.sums.Plain, r.want.Plain)
	}
	return io.EOF
}

func differs(what string, got, want snapshot.Content) error {
	return damaged("its %s bytes are %d with SHA-256 %s, and its manifest says %d with %s: one of the two is damaged, or they are of two backups",
		what, got.Size, got.SHA256, want.Size, want.SHA256)
}

// told distinguishes the source's failure from that of its bytes.
func (r *Reader) told(err error) error {
	if r.source.err != nil {
		return r.source.err
	}
	return damaged("%v", err)
}

// unopened reads the rest: only if all bytes are as they were is the key wrong.
func (r *Reader) unopened(err error) error {
	var none *age.NoIdentityMatchError
	if !errors.As(err, &none) {
		return r.told(err)
	}
	if _, err := io.Copy(io.Discard, r.source); err != nil {
		return r.told(err)
	}
	if got := r.source.sum.content(); got != r.want.Stored {
		return differs("stored", got, r.want.Stored)
	}
	return &Error{WrongKey, fmt.Sprintf("none of the identities opens the snapshot: give that of one of its recipients, %s", strings.Join(r.want.Encryption.Recipients, ", "))}
}

// source hashes what is read, no more than limit bytes, and keeps the error
// that reading failed with.
type source struct {
	from     io.Reader
	sum      *counter
	limit    int64
	unhashed bool
	err      error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.from.Read(p)
	if !s.unhashed {
		_, _ = s.sum.Write(p[:n])
	}
	if s.limit >= 0 && s.sum.size > s.limit {
		s.err = damaged("it is longer in the store than the %d bytes of its manifest", s.limit)
		return 0, s.err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
