package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/quorate/quorate/internal/snapshot"
)

// page is the smallest unit of a database: what etcd sends is a number of
// these, and the SHA-256 of all that.
const page = 512

// digest hashes a snapshot as etcd sends it, once: the SHA-256 that ends it is
// that of everything before, so the last bytes are held back.
type digest struct {
	hash hash.Hash
	size int64
	tail [sha256.Size]byte
	held int
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

// Write implements io.Writer; it cannot fail.
func (d *digest) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	if len(p) >= len(d.tail) {
		d.hash.Write(d.tail[:d.held])
		d.hash.Write(p[:len(p)-len(d.tail)])
		d.held = copy(d.tail[:], p[len(p)-len(d.tail):])
		return len(p), nil
	}
	if over := d.held + len(p) - len(d.tail); over > 0 {
		d.hash.Write(d.tail[:over])
		d.held = copy(d.tail[:], d.tail[over:d.held])
	}
	d.held += copy(d.tail[d.held:], p)
	return len(p), nil
}

// trailer says what is wrong with the end of an etcd snapshot.
func (d *digest) trailer() error {
	switch {
	case d.size == 0:
		return damaged("it is empty")
	case d.size%page != sha256.Size || d.size == sha256.Size:
		return damaged("%d bytes are not a database and its SHA-256: it was cut, or is no snapshot of etcd", d.size)
	case !bytes.Equal(d.hash.Sum(nil), d.tail[:]):
		return damaged("the SHA-256 at its end is not that of the database before it")
	}
	return nil
}

// content ends the digest: nothing may be written after.
func (d *digest) content() snapshot.Content {
	d.hash.Write(d.tail[:d.held])
	return snapshot.Content{Size: d.size, SHA256: hex.EncodeToString(d.hash.Sum(nil))}
}

// counter hashes and counts all bytes.
type counter struct {
	hash hash.Hash
	size int64
}

func newCounter() *counter { return &counter{hash: sha256.New()} }

// Write implements io.Writer; it cannot fail.
func (c *counter) Write(p []byte) (int, error) {
	c.size += int64(len(p))
	return c.hash.Write(p)
}

func (c *counter) content() snapshot.Content {
	return snapshot.Content{Size: c.size, SHA256: hex.EncodeToString(c.hash.Sum(nil))}
}
