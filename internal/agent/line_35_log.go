//go:build etcd35

package agent

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"go.etcd.io/etcd/pkg/v3/crc"
	"go.etcd.io/etcd/server/v3/wal/walpb"
)

// etcd 3.5 keeps its decoder to itself. What the later lines' decoder finds on
// the same format, this one finds too: the tests hold it to that.

const (
	sector    = 512 // a disk writes one as a whole
	frameHead = 8   // the length that stands before each record
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frameDecoder reads the records of the segments one after the other.
type frameDecoder struct {
	segments []*os.File
	reader   *bufio.Reader // of the first segment; nil before it is begun
	size     int64         // of the first segment
	valid    int64         // how far it has been read
	sum      hash.Hash32
}

func newLogDecoder(segments []*os.File) logDecoder {
	return &frameDecoder{segments: segments, sum: crc.New(0, castagnoli)}
}

func (d *frameDecoder) LastCRC() uint32 { return d.sum.Sum32() }

func (d *frameDecoder) UpdateCRC(previous uint32) { d.sum = crc.New(previous, castagnoli) }

// next returns io.EOF at the end of the last segment, and io.ErrUnexpectedEOF
// where the last record was not written whole.
func (d *frameDecoder) next() (logRecord, error) {
	for len(d.segments) > 0 {
		length, err := d.length()
		if err == nil && length != 0 {
			return d.record(length)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return logRecord{}, err
		}
		d.segments, d.reader = d.segments[1:], nil // what is preallocated is zero
	}
	return logRecord{}, io.EOF
}

// length begins a segment where none is, and returns what stands before its
// next record.
func (d *frameDecoder) length() (int64, error) {
	if d.reader == nil {
		stat, err := d.segments[0].Stat()
		if err != nil {
			return 0, fmt.Errorf("size of segment: %w", err)
		}
		d.reader, d.size, d.valid = bufio.NewReader(d.segments[0]), stat.Size(), 0
	}
	var length int64
	err := binary.Read(d.reader, binary.LittleEndian, &length)
	return length, err
}

// record reads a record and the zeros that fill it up to eight bytes. The
// length has how many in its topmost byte, whose first bit says that there are any.
func (d *frameDecoder) record(length int64) (logRecord, error) {
	size, padding := length&(1<<56-1), int64(0)
	if length < 0 {
		padding = length >> 56 & 7
	}
	if size+padding > d.size-d.valid {
		return logRecord{}, fmt.Errorf("a record of %d bytes reaches beyond its segment: %w", size, io.ErrUnexpectedEOF)
	}
	content := make([]byte, size+padding)
	if _, err := io.ReadFull(d.reader, content); err != nil {
		return logRecord{}, io.ErrUnexpectedEOF
	}
	var r walpb.Record
	err := r.Unmarshal(content[:size])
	if err == nil && r.Type != crcRecord {
		_, _ = d.sum.Write(r.Data) // a hash never fails
		err = r.Validate(d.sum.Sum32())
	}
	if err != nil {
		if d.torn(content) {
			return logRecord{}, io.ErrUnexpectedEOF
		}
		return logRecord{}, err
	}
	d.valid += frameHead + size + padding
	return logRecord{kind: r.Type, data: r.Data, crc: r.Crc}, nil
}

// torn reports whether a sector of the last segment's record was never written.
func (d *frameDecoder) torn(content []byte) bool {
	if len(d.segments) != 1 {
		return false
	}
	for at := d.valid + frameHead; len(content) > 0; {
		n := min(int(sector-at%sector), len(content))
		if len(bytes.Trim(content[:n], "\x00")) == 0 {
			return true
		}
		content, at = content[n:], at+int64(n)
	}
	return false
}
