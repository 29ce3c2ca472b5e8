package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

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
	readers := make([]fileutil.FileReader, len(segments))
	for i, f := range segments {
		readers[i] = fileutil.NewFileReader(f)
	}
	scan := logScan{decoder: wal.NewDecoder(readers...)}
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

type logScan struct {
	decoder   wal.Decoder
	log       Log
	segments  int // begun so far: each starts with one checksum record
	began     bool
	snapshots []uint64
}

// run returns nil at the end of the log.
func (s *logScan) run() error {
	rec := &walpb.Record{}
	for {
		if err := s.decoder.Decode(rec); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read record: %w", err)
		}
		if err := s.record(rec); err != nil {
			return err
		}
	}
}

func (s *logScan) record(rec *walpb.Record) error {
	switch rec.GetType() {
	case wal.MetadataType:
		return s.metadata(rec.GetData())
	case wal.EntryType:
		return s.entry(rec.GetData())
	case wal.StateType:
		state := &raftpb.HardState{}
		if err := proto.Unmarshal(rec.GetData(), state); err != nil {
			return fmt.Errorf("read hard state: %w", err)
		}
		s.log.HardState, s.log.Commit = true, state.GetCommit()
	case wal.SnapshotType:
		snapshot := &walpb.Snapshot{}
		if err := proto.Unmarshal(rec.GetData(), snapshot); err != nil {
			return fmt.Errorf("read snapshot mark: %w", err)
		}
		s.snapshots = append(s.snapshots, snapshot.GetIndex())
		// After a snapshot from the leader the log goes on beyond a gap.
		s.log.Last = max(s.log.Last, snapshot.GetIndex())
	case wal.CrcType:
		if crc := s.decoder.LastCRC(); crc != 0 && rec.Validate(crc) != nil {
			return fmt.Errorf("segment %d does not continue the one before: %w", s.segments, wal.ErrCRCMismatch)
		}
		s.decoder.UpdateCRC(rec.GetCrc())
		s.segments++
	default:
		return fmt.Errorf("unknown record type %d", rec.GetType())
	}
	return nil
}

func (s *logScan) metadata(raw []byte) error {
	m := &etcdserverpb.Metadata{}
	if err := proto.Unmarshal(raw, m); err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	cluster, member := etcd.ClusterID(m.GetClusterID()), etcd.MemberID(m.GetNodeID())
	if s.log.ClusterID != 0 && (cluster != s.log.ClusterID || member != s.log.MemberID) {
		return wal.ErrMetadataConflict
	}
	s.log.ClusterID, s.log.MemberID = cluster, member
	return nil
}

// entry follows the index: a newer entry replaces all from its index on, and
// none may be left out. The first one may have any index, for etcd deletes old
// segments.
func (s *logScan) entry(raw []byte) error {
	e := &raftpb.Entry{}
	if err := proto.Unmarshal(raw, e); err != nil {
		return fmt.Errorf("read entry: %w", err)
	}
	if s.began && e.GetIndex() > s.log.Last+1 {
		return fmt.Errorf("entries %d to %d are missing", s.log.Last+1, e.GetIndex()-1)
	}
	s.began, s.log.Last = true, e.GetIndex()
	return nil
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
