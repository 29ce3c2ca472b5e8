//go:build etcd35

package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
)

// etcd 3.5 takes its members from the store of the second API, which it makes
// from the last snapshot and the entries after it. Until it has applied those
// again, its list is empty or of the past; the database knows better.

// startState is what the database said before etcd started.
type startState struct {
	applied uint64 // until etcd has applied this entry again, its list is behind
	members []*membership.Member
}

// readStartState returns nothing where the database cannot be read, which etcd
// will say better, or where a snapshot holds all that the database does.
func readStartState(l layout) startState {
	stat, err := os.Stat(l.database())
	if err != nil {
		return startState{}
	}
	var db Database
	if err := readBolt(l.database(), stat.Size(), &db); err != nil || lastSnapshot(l) >= db.Applied {
		return startState{}
	}
	bolt, err := bbolt.Open(l.database(), 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
	if err != nil {
		return startState{}
	}
	defer func() { _ = bolt.Close() }()
	state := startState{applied: db.Applied}
	if err := bolt.View(func(tx *bbolt.Tx) error {
		members := tx.Bucket([]byte("members"))
		if members == nil {
			return nil
		}
		return members.ForEach(func(_, raw []byte) error {
			var m membership.Member
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("read member: %w", err)
			}
			state.members = append(state.members, &m)
			return nil
		})
	}); err != nil {
		return startState{}
	}
	return state
}

// lastSnapshot is the index of the newest snapshot of the store.
func lastSnapshot(l layout) uint64 {
	entries, err := os.ReadDir(l.snapDir())
	if err != nil {
		return 0
	}
	var last uint64
	for _, e := range entries {
		var term, index uint64
		if _, err := fmt.Sscanf(e.Name(), "%016x-%016x.snap", &term, &index); err == nil {
			last = max(last, index)
		}
	}
	return last
}

// members is the cluster as this member knows it. The caller may change the slice.
func (s *server) members() []*membership.Member {
	if s.Server.AppliedIndex() < s.atStart.applied {
		return slices.Clone(s.atStart.members)
	}
	return s.Server.Cluster().Members()
}
