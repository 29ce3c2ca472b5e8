//go:build !etcd35 && !etcd36

package agent

import (
	"context"
	"flag"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
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
