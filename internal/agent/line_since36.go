//go:build !etcd35

package agent

import (
	"context"
	"flag"
	"os"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	"go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/tracker"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/quorate/quorate/internal/etcd"
)

// What etcd 3.6 and 3.7 have in common and 3.5 has not.

type (
	raftView     = raft.Status
	raftProgress = tracker.Progress
	logFile      = wal.WAL
)

const (
	replicating  = tracker.StateReplicate
	defaultQuota = storage.DefaultQuotaBytes
)

var errCompacted = mvcc.ErrCompacted

func createLog(log *zap.Logger, dir string, metadata []byte) (*logFile, error) {
	return wal.Create(log, dir, metadata)
}

// writeDatabase writes the members, and that their entries are applied.
// etcd's storage code panics where it cannot write; the caller's process then
// ends, having promised nothing, and the same admission begins anew.
func writeDatabase(l layout, cluster *membership.RaftCluster, applied uint64, log *zap.Logger) {
	db := backend.NewDefaultBackend(log, l.database())
	schema.CreateMetaBucket(db.BatchTx())
	cluster.SetBackend(schema.NewMembershipBackend(log, db))
	for _, m := range cluster.Members() {
		cluster.AddMember(m, membership.ApplyBoth)
	}
	cindex.UpdateConsistentIndexForce(db.BatchTx(), applied, birthTerm)
	_ = db.Close() // commits and syncs; its failure is a panic
}

// walDecoder is etcd's own decoder.
type walDecoder struct{ wal.Decoder }

func newLogDecoder(segments []*os.File) logDecoder {
	readers := make([]fileutil.FileReader, len(segments))
	for i, f := range segments {
		readers[i] = fileutil.NewFileReader(f)
	}
	return walDecoder{wal.NewDecoder(readers...)}
}

func (d walDecoder) next() (logRecord, error) {
	var r walpb.Record
	if err := d.Decode(&r); err != nil {
		return logRecord{}, err
	}
	return recordOf(&r), nil
}

// startState: etcd takes its members from the database, and so knows them as
// soon as it has started.
type startState struct{}

func readStartState(layout) startState { return startState{} }

func (s *server) id() types.ID { return s.Server.MemberID() }

// form is the release line that the data has the form of; empty if unknown.
func (s *server) form() string {
	if v := s.Server.StorageVersion(); v != nil {
		return etcd.Version{Major: int(v.Major), Minor: int(v.Minor)}.Line()
	}
	return ""
}

// members is the cluster as this member knows it. The caller may change the slice.
func (s *server) members() []*membership.Member { return s.Server.Cluster().Members() }

// transferLeadership leaves the choice of the successor to etcd.
func (s *server) transferLeadership() error { return s.Server.TryTransferLeadershipOnShutdown() }

func addFlags(c *embed.Config, set *flag.FlagSet) { c.AddFlags(set) }

// etcdsStreams returns what ends the streams of the clients of etcd's own
// server, once that is there.
func etcdsStreams(c *embed.Config) func(*grpc.Server) {
	ending, end := context.WithCancel(context.Background())
	c.GRPCAdditionalServerOptions = append(c.GRPCAdditionalServerOptions, endStreams(ending))
	return func(*grpc.Server) { end() }
}
