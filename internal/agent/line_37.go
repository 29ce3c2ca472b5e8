//go:build !etcd35 && !etcd36

package agent

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/quorate/quorate/internal/control"
)

// etcd 3.7, the line of the root's go.mod. Its messages are those of Google's
// protobuf: pointers, whose fields are pointers too.

// countKeys counts the keys at a revision.
func countKeys(ctx context.Context, e *embed.Etcd, revision int64) (int, error) {
	r, err := e.Server.KV().Range(ctx, []byte{0}, []byte{}, mvcc.RangeOptions{Rev: revision, CountOnly: true})
	if err != nil {
		return 0, err
	}
	return r.Count, nil
}

func encodeMetadata(cluster, member uint64) ([]byte, error) {
	return proto.Marshal(&etcdserverpb.Metadata{NodeID: proto.Uint64(member), ClusterID: proto.Uint64(cluster)})
}

func encodeAddition(member uint64, context []byte) ([]byte, error) {
	return proto.Marshal(&raftpb.ConfChange{
		Type: raftpb.ConfChangeAddNode.Enum(), NodeId: proto.Uint64(member), Context: context,
	})
}

// openLog opens a log to write to, at its last snapshot that is committed, and reads
// it to its end.
func openLog(log *zap.Logger, dir string) (*logFile, hardState, control.LogPosition, error) {
	snapshots, err := wal.ValidSnapshotEntries(log, dir)
	if err == nil && len(snapshots) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return nil, hardState{}, control.LogPosition{}, fmt.Errorf("look for the last snapshot mark: %w", err)
	}
	last := snapshots[len(snapshots)-1]
	w, err := wal.Open(log, dir, last)
	if err != nil {
		return nil, hardState{}, control.LogPosition{}, fmt.Errorf("open at index %d: %w", last.GetIndex(), err)
	}
	_, state, entries, err := w.ReadAll()
	if err != nil {
		return nil, hardState{}, control.LogPosition{}, errors.Join(fmt.Errorf("read from index %d: %w", last.GetIndex(), err), w.Close())
	}
	end := control.LogPosition{Term: last.GetTerm(), Index: last.GetIndex()}
	if n := len(entries); n > 0 {
		end = control.LogPosition{Term: entries[n-1].GetTerm(), Index: entries[n-1].GetIndex()}
	}
	return w, hardState{state.GetTerm(), state.GetVote(), state.GetCommit()}, end, nil
}

func saveState(w *logFile, s hardState) error {
	return w.Save(&raftpb.HardState{Term: proto.Uint64(s.term), Vote: proto.Uint64(s.vote), Commit: proto.Uint64(s.commit)}, nil)
}

// saveFirst completes the first save: the additions, all of them committed.
func saveFirst(w *wal.WAL, additions [][]byte) error {
	var entries []*raftpb.Entry
	for i, data := range additions {
		entries = append(entries, &raftpb.Entry{
			Type: raftpb.EntryConfChange.Enum(), Term: proto.Uint64(birthTerm), Index: proto.Uint64(uint64(i + 1)), Data: data,
		})
	}
	return w.Save(&raftpb.HardState{Term: proto.Uint64(birthTerm), Commit: proto.Uint64(uint64(len(entries)))}, entries)
}

func recordOf(r *walpb.Record) logRecord {
	return logRecord{kind: r.GetType(), data: r.GetData(), crc: r.GetCrc()}
}

// timeoutNow is the message by which a member is told to stand for election.
func timeoutNow(self uint64) *raftpb.Message {
	return &raftpb.Message{Type: raftpb.MsgTimeoutNow.Enum(), From: proto.Uint64(self), To: proto.Uint64(self)}
}

func committed(v raftView) uint64 { return v.GetCommit() }

// unreadable says what of the data the release line to come could not read.
func (s *server) unreadable(context.Context, layout, string) string { return "" }

// finishFlags does what etcd's own main does between parsing and validating.
func finishFlags(*embed.Config, *flag.FlagSet) error { return nil }
