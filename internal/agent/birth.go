package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/quorate/quorate/internal/control"
)

// birthTerm is the term of the entries that every founding member invents.
const birthTerm = 1

// layBirth writes the data of a founding member: the log and the database that
// etcd has once it was started `new` and has completed its first save.
//
// etcd itself would first ask every peer, one after the other and for a second
// each, whether this member was born before; founding members that start
// together cannot answer each other, and so wait for N-1 seconds. The volume's
// admission answers that question, at once and reliably.
func (l layout) layBirth(admitted control.Admission, log *zap.Logger) error {
	urls, err := peerURLs(admitted.Members)
	if err != nil {
		return err
	}
	cluster, err := membership.NewClusterFromURLsMap(log, admitted.Token, urls)
	if err != nil {
		return fmt.Errorf("derive the members: %w", err)
	}
	entries, err := foundingEntries(cluster)
	if err != nil {
		return err
	}
	return l.lay(admitted, cluster, entries, log)
}

// lay makes a member's first data aside and puts it in place in one step, so
// there is data with a hard state, or none.
func (l layout) lay(admitted control.Admission, cluster *membership.RaftCluster, entries []*raftpb.Entry, log *zap.Logger) error {
	if err := os.RemoveAll(l.birthDir()); err != nil {
		return fmt.Errorf("remove what an earlier birth left: %w", err)
	}
	aside := layout(l.birthDir())
	if err := os.MkdirAll(aside.snapDir(), 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	writeDatabase(aside, cluster, uint64(len(entries)), log)
	if err := writeLog(aside, admitted, entries, log); err != nil {
		return err
	}
	return l.putInPlace(aside)
}

// foundingEntries adds every member in the order of IDs, as raft's Bootstrap
// does: all founding members must invent the same entries.
func foundingEntries(cluster *membership.RaftCluster) ([]*raftpb.Entry, error) {
	var entries []*raftpb.Entry
	for i, id := range cluster.MemberIDs() {
		context, err := json.Marshal(cluster.Member(id))
		if err != nil {
			return nil, fmt.Errorf("encode member: %w", err)
		}
		change, err := proto.Marshal(&raftpb.ConfChange{
			Type: raftpb.ConfChangeAddNode.Enum(), NodeId: proto.Uint64(uint64(id)), Context: context,
		})
		if err != nil {
			return nil, fmt.Errorf("encode membership change: %w", err)
		}
		entries = append(entries, &raftpb.Entry{
			Type: raftpb.EntryConfChange.Enum(), Term: proto.Uint64(birthTerm), Index: proto.Uint64(uint64(i + 1)), Data: change,
		})
	}
	return entries, nil
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

func writeLog(l layout, admitted control.Admission, entries []*raftpb.Entry, log *zap.Logger) error {
	metadata, err := proto.Marshal(&etcdserverpb.Metadata{
		NodeID: proto.Uint64(uint64(admitted.MemberID)), ClusterID: proto.Uint64(uint64(admitted.ClusterID)),
	})
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	w, err := wal.Create(log, l.walDir(), metadata)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	state := &raftpb.HardState{Term: proto.Uint64(birthTerm), Commit: proto.Uint64(uint64(len(entries)))}
	if err := w.Save(state, entries); err != nil {
		_ = w.Close()
		return fmt.Errorf("write log: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}

// putInPlace syncs the directories from the leaves up and renames last.
func (l layout) putInPlace(aside layout) error {
	member := filepath.Join(aside.etcdDir(), "member")
	for _, dir := range []string{aside.snapDir(), aside.walDir(), member, aside.etcdDir()} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if err := os.Rename(aside.etcdDir(), l.etcdDir()); err != nil {
		return fmt.Errorf("put data in place: %w", err)
	}
	if err := os.Remove(aside.root()); err != nil {
		return fmt.Errorf("remove empty directory: %w", err)
	}
	return syncDir(l.root())
}
