package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

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
	additions, err := foundingAdditions(cluster)
	if err != nil {
		return err
	}
	return l.lay(admitted, cluster, additions, log)
}

// lay makes a member's first data aside and puts it in place in one step, so
// there is data with a hard state, or none.
func (l layout) lay(admitted control.Admission, cluster *membership.RaftCluster, additions [][]byte, log *zap.Logger) error {
	if err := os.RemoveAll(l.birthDir()); err != nil {
		return fmt.Errorf("remove what an earlier birth left: %w", err)
	}
	aside := layout(l.birthDir())
	if err := os.MkdirAll(aside.snapDir(), 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	writeDatabase(aside, cluster, uint64(len(additions)), log)
	if err := writeLog(aside, admitted, additions, log); err != nil {
		return err
	}
	return l.putInPlace(aside)
}

// foundingAdditions adds every member in the order of IDs, as raft's Bootstrap
// does: all founding members must invent the same entries.
func foundingAdditions(cluster *membership.RaftCluster) ([][]byte, error) {
	var additions [][]byte
	for _, id := range cluster.MemberIDs() {
		context, err := json.Marshal(cluster.Member(id))
		if err != nil {
			return nil, fmt.Errorf("encode member: %w", err)
		}
		addition, err := encodeAddition(uint64(id), context)
		if err != nil {
			return nil, fmt.Errorf("encode membership change: %w", err)
		}
		additions = append(additions, addition)
	}
	return additions, nil
}

func writeLog(l layout, admitted control.Admission, additions [][]byte, log *zap.Logger) error {
	metadata, err := encodeMetadata(uint64(admitted.ClusterID), uint64(admitted.MemberID))
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	w, err := createLog(log, l.walDir(), metadata)
	if err != nil {
		return fmt.Errorf("create log: %w", err)
	}
	if err := saveFirst(w, additions); err != nil {
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
