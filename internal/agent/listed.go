package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"

	"github.com/quorate/quorate/internal/etcd"
)

// listed is the cluster as this member has applied it. It may be of the past: who
// was added since is known by the others alone.
func (s *server) memberList() etcd.Members {
	var list etcd.Members
	for _, m := range s.members() {
		list = append(list, asListed(m))
	}
	return list
}

// readListed reads the same from the database of a member that does not run, as
// every release line keeps it.
func readListed(l layout) (etcd.Members, error) {
	stat, err := os.Stat(l.database())
	if err != nil {
		return nil, fmt.Errorf("look for the database: %w", err)
	}
	var list etcd.Members
	err = viewBolt(l.database(), stat.Size(), func(tx *bbolt.Tx) error {
		members := tx.Bucket(membersBucket)
		if members == nil {
			return errors.New("it lists no members")
		}
		return members.ForEach(func(_, raw []byte) error {
			var m membership.Member
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("read member: %w", err)
			}
			list = append(list, asListed(&m))
			return nil
		})
	})
	return list, err
}

func asListed(m *membership.Member) etcd.Member {
	return etcd.Member{
		ID: etcd.MemberID(m.ID), Name: etcd.MemberName(m.Name), PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, IsLearner: m.IsLearner,
	}
}

// foundEnd remembers what a member that is halted can be judged by, while nobody
// writes to its data: how far the log goes, and whom the database lists.
func (a *Agent) foundEnd(log Log) {
	a.foundLog(log)
	if a.look().volume.Halted == "" {
		return
	}
	list, err := readListed(a.layout)
	if err != nil {
		a.log.Sugar().Warnf("who is a member cannot be read: %v", err)
	}
	a.change(func(v *view) { v.listed = list })
}
