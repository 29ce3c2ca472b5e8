package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quorate/quorate/internal/etcd"
)

// scanLog reads every record once and keeps none, so it costs time in
// proportion to the log (at most a few segments of 64 MB) and no memory.
func scanLog(dir string) Log {
	segments, err := openSegments(dir)
	defer closeSegments(segments)
	switch {
	case errors.Is(err, fs.ErrNotExist) || (err == nil && len(segments) == 0):
		return Log{Condition: Absent}
	case err != nil:
		return Log{Condition: Corrupt, Problem: err.Error()}
	}
	scan := logScan{decoder: newLogDecoder(segments)}
	err = scan.run()
	torn := errors.Is(err, io.ErrUnexpectedEOF) && scan.segments == len(segments)
	switch {
	// A torn tail of the last segment is what a crash leaves; etcd cuts it off.
	case err != nil && !torn:
		scan.log.Condition, scan.log.Problem = Corrupt, err.Error()
	case scan.log.ClusterID == 0 || scan.log.MemberID == 0:
		scan.log.Condition, scan.log.Problem = Corrupt, "it holds no metadata"
	default:
		scan.log.Condition = Readable
	}
	return scan.finish()
}

// openSegments opens the log's files in order and checks that none is missing.
func openSegments(dir string) ([]*os.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list log: %w", err)
	}
	var files []*os.File
	var next uint64
	for _, e := range entries { // sorted by name, and so by sequence
		if !strings.HasSuffix(e.Name(), ".wal") {
			continue
		}
		var seq, index uint64
		if _, err := fmt.Sscanf(e.Name(), "%016x-%016x.wal", &seq, &index); err != nil {
			continue // etcd skips it too
		}
		if len(files) > 0 && seq != next {
			return files, fmt.Errorf("segment %d is missing", next)
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return files, fmt.Errorf("open segment: %w", err)
		}
		files, next = append(files, f), seq+1
	}
	return files, nil
}

func closeSegments(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // only read from
	}
}

// The kinds of records.
const (
	metadataRecord int64 = iota + 1
	entryRecord
	stateRecord
	crcRecord
	snapshotRecord
)

// logRecord is one record, in every release line the same.
type logRecord struct {
	kind int64
	data []byte
	crc  uint32
}

// logDecoder reads the records of a log one after the other.
type logDecoder interface {
	next() (logRecord, error) // io.EOF at the end
	LastCRC() uint32
	UpdateCRC(previous uint32)
}

type logScan struct {
	decoder   logDecoder
	log       Log
	segments  int // begun so far: each starts with one checksum record
	began     bool
	snapshots []uint64
}

// run returns nil at the end of the log.
func (s *logScan) run() error {
	for {
		r, err := s.decoder.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if err := s.record(r); err != nil {
			return err
		}
	}
}

func (s *logScan) record(r logRecord) error {
	switch r.kind {
	case metadataRecord:
		return s.metadata(r.data)
	case entryRecord:
		return s.entry(r.data)
	case stateRecord:
		commit, err := numberIn(r.data, 3)
		if err != nil {
			return fmt.Errorf("read hard state: %w", err)
		}
		s.log.HardState, s.log.Commit = true, commit
	case snapshotRecord:
		index, err := numberIn(r.data, 1)
		if err != nil {
			return fmt.Errorf("read snapshot mark: %w", err)
		}
		s.snapshots = append(s.snapshots, index)
		if index <= s.log.Last {
			break
		}
		// After a snapshot from the leader the log goes on beyond a gap.
		s.log.Last = index
		if s.log.LastTerm, err = numberIn(r.data, 2); err != nil {
			return fmt.Errorf("read snapshot mark: %w", err)
		}
	case crcRecord:
		if crc := s.decoder.LastCRC(); crc != 0 && r.crc != crc {
			return fmt.Errorf("segment %d does not continue the one before: its checksum is another", s.segments)
		}
		s.decoder.UpdateCRC(r.crc)
		s.segments++
	default:
		return fmt.Errorf("unknown record type %d", r.kind)
	}
	return nil
}

func (s *logScan) metadata(raw []byte) error {
	member, err := numberIn(raw, 1)
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	cluster, err := numberIn(raw, 2)
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	if s.log.ClusterID != 0 && (cluster != uint64(s.log.ClusterID) || member != uint64(s.log.MemberID)) {
		return errors.New("it holds the metadata of two members")
	}
	s.log.ClusterID, s.log.MemberID = etcd.ClusterID(cluster), etcd.MemberID(member)
	return nil
}

// entry follows the index: a newer entry replaces all from its index on, and
// none may be left out. The first one may have any index, for etcd deletes old
// segments.
func (s *logScan) entry(raw []byte) error {
	index, err := numberIn(raw, 3)
	if err != nil {
		return fmt.Errorf("read entry: %w", err)
	}
	if s.began && index > s.log.Last+1 {
		return fmt.Errorf("entries %d to %d are missing", s.log.Last+1, index-1)
	}
	s.began, s.log.Last = true, index
	if s.log.LastTerm, err = numberIn(raw, 2); err != nil {
		return fmt.Errorf("read entry %d: %w", index, err)
	}
	second, err := ofSecondAPI(raw)
	if err != nil {
		return fmt.Errorf("read entry %d: %w", index, err)
	}
	if second {
		s.log.SecondAPI = index
	}
	return nil
}

// ofSecondAPI reports whether an entry is a request of etcd's second API: as it
// stands, or wrapped into one of the third. Both have a field, the method and the
// request, where no request of the third has any since.
func ofSecondAPI(entry []byte) (bool, error) {
	const kindField, dataField, requestField = 1, 4, 2
	kind, err := numberIn(entry, kindField)
	if err != nil || kind != 0 {
		return false, err // a change of the members
	}
	request, err := bytesIn(entry, dataField)
	if err != nil {
		return false, err
	}
	found, _ := bytesIn(request, requestField) // what nobody can read is for etcd to judge
	return found != nil, nil
}

// bytesIn reads bytes from a message, without copying them; nil when they are
// not there.
func bytesIn(message []byte, field protowire.Number) ([]byte, error) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		message = message[n:]
		if number == field && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			return value, protowire.ParseError(min(n, 0))
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return nil, protowire.ParseError(n)
		}
		message = message[n:]
	}
	return nil, nil
}

// numberIn reads a number from one of the messages in the log. Those are the
// same on every disk, but every release line has other Go types for them.
func numberIn(message []byte, field protowire.Number) (uint64, error) {
	var value uint64
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		message = message[n:]
		if number == field && kind == protowire.VarintType {
			value, n = protowire.ConsumeVarint(message)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		message = message[n:]
	}
	return value, nil
}

// finish picks the snapshot mark that etcd will: the last that is committed.
func (s *logScan) finish() Log {
	for _, index := range s.snapshots {
		if index <= s.log.Commit {
			s.log.Snapshot = index
		}
	}
	return s.log
}
