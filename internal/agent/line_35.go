//go:build etcd35

package agent

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/raft/v3"
	"go.etcd.io/etcd/raft/v3/raftpb"
	"go.etcd.io/etcd/raft/v3/tracker"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v2store"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	"go.etcd.io/etcd/server/v3/mvcc"
	"go.etcd.io/etcd/server/v3/mvcc/backend"
	"go.etcd.io/etcd/server/v3/wal"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

// etcd 3.5. Its messages are gogo's, raft lies in its own repository, and its
// members live in a store of the second API beside the database: line_35_members.go.

type (
	raftView     = raft.Status
	raftProgress = tracker.Progress
	logFile      = wal.WAL
)

const (
	replicating  = tracker.StateReplicate
	defaultQuota = etcdserver.DefaultQuotaBytes
)

var errCompacted = mvcc.ErrCompacted

// countKeys counts the keys at a revision.
func countKeys(ctx context.Context, e *embed.Etcd, revision int64) (int, error) {
	r, err := e.Server.KV().Range(ctx, []byte{0}, []byte{}, mvcc.RangeOptions{Rev: revision, Count: true})
	if err != nil {
		return 0, err
	}
	return r.Count, nil
}

func encodeMetadata(cluster, member uint64) ([]byte, error) {
	return (&etcdserverpb.Metadata{NodeID: member, ClusterID: cluster}).Marshal()
}

func encodeAddition(member uint64, context []byte) ([]byte, error) {
	return (&raftpb.ConfChange{Type: raftpb.ConfChangeAddNode, NodeID: member, Context: context}).Marshal()
}

func createLog(log *zap.Logger, dir string, metadata []byte) (*logFile, error) {
	return wal.Create(log, dir, metadata)
}

// saveFirst completes the first save: the additions, all of them committed.
func saveFirst(w *logFile, additions [][]byte) error {
	var entries []raftpb.Entry
	for i, data := range additions {
		entries = append(entries, raftpb.Entry{Type: raftpb.EntryConfChange, Term: birthTerm, Index: uint64(i + 1), Data: data})
	}
	return w.Save(raftpb.HardState{Term: birthTerm, Commit: uint64(len(entries))}, entries)
}

// writeDatabase writes the members, and that their entries are applied. The
// store of the second API is on no disk before the first snapshot: etcd makes it
// from the log whenever it starts, from the very entries that stand there, and
// leaves the database alone for those that it has applied. That is what a birth
// by `new` leaves behind, too.
// etcd's storage code panics where it cannot write; the caller's process then
// ends, having promised nothing, and the same admission begins anew.
func writeDatabase(l layout, cluster *membership.RaftCluster, applied uint64, _ *zap.Logger) {
	db := backend.NewDefaultBackend(l.database())
	cindex.CreateMetaBucket(db.BatchTx())
	cluster.SetBackend(db)
	for _, m := range cluster.Members() {
		cluster.AddMember(m, membership.ApplyBoth)
	}
	cindex.UpdateConsistentIndex(db.BatchTx(), applied, birthTerm)
	_ = db.Close() // commits and syncs; its failure is a panic
}

// timeoutNow is the message by which a member is told to stand for election.
func timeoutNow(self uint64) raftpb.Message {
	return raftpb.Message{Type: raftpb.MsgTimeoutNow, From: self, To: self}
}

func committed(v raftView) uint64 { return v.Commit }

func (s *server) id() types.ID { return s.Server.ID() }

// transferLeadership leaves the choice of the successor to etcd.
func (s *server) transferLeadership() error { return s.Server.TransferLeadership() }

// unreadable says what of the data the release line to come could not read.
func (s *server) unreadable(ctx context.Context, _ layout, to string) string {
	if to != "3.6" {
		return ""
	}
	all, err := s.Server.Do(ctx, etcdserverpb.Request{Method: http.MethodGet, Path: "/", Recursive: true})
	if err != nil {
		return fmt.Sprintf("Whether there is data of etcd's second API cannot be found out: %v.", err)
	}
	ours, err := membership.IsMetaStoreOnly(wholeStore{event: all.Event})
	switch {
	case err != nil:
		return fmt.Sprintf("Whether there is data of etcd's second API cannot be found out: %v.", err)
	case !ours:
		return "The member holds data of etcd's second API, on which etcd 3.6 does not start. Move it to the third (etcd's guide for 3.5 says how), or delete it."
	default:
		return ""
	}
}

// wholeStore is a store of the second API of which all was read.
type wholeStore struct {
	v2store.Store
	event *v2store.Event
}

func (w wholeStore) Get(string, bool, bool) (*v2store.Event, error) { return w.event, nil }

// form is the release line that the data has the form of, which 3.5 does not
// record.
func (s *server) form() string { return "" }

// etcdsStreams returns what ends the streams of the clients of etcd's own
// server. That takes no options in 3.5, so nothing can end a stream alone: the
// connections are closed, after time enough to answer what was asked. Clients
// were told before to connect anew, and ask on the new connection meanwhile.
func etcdsStreams(*embed.Config) func(*grpc.Server) {
	return func(g *grpc.Server) {
		if g != nil {
			time.AfterFunc(closeGrace, g.Stop)
		}
	}
}
