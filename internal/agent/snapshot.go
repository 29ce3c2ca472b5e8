package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// snapshotFacts is what a snapshot file says of itself.
type snapshotFacts struct {
	size     int64
	database Database
	last     int64 // the revision of its last key; zero when it has none
	revision int64 // that etcd has when it starts on it
}

// The names under which every release line keeps what is read here.
var (
	keyBucket     = []byte("key")
	scheduledKey  = []byte("scheduledCompactRev")
	finishedKey   = []byte("finishedCompactRev")
	downgradeKey  = []byte("downgrade")
	alarmBucket   = []byte("alarm")
	membersBucket = []byte("members")
	removedBucket = []byte("members_removed")
)

// isSnapshotSize tells a file that ends in a SHA-256 by its size, as etcd does.
func isSnapshotSize(size int64) bool { return size > sha256.Size && size%512 == sha256.Size }

// readSnapshot looks at a snapshot as at a database that etcd shall start on: at
// both meta pages, the size, and the edges of each bucket.
func readSnapshot(path string) (snapshotFacts, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return snapshotFacts{}, fmt.Errorf("size of the snapshot: %w", err)
	}
	facts := snapshotFacts{size: stat.Size(), database: Database{Condition: Readable}}
	err = viewBolt(path, stat.Size(), func(tx *bbolt.Tx) error {
		keys := tx.Bucket(keyBucket)
		if keys == nil {
			return errors.New("it is no database of etcd: it has no keys")
		}
		last, _ := keys.Cursor().Last()
		facts.last = revisionIn(last)
		facts.revision = max(1, facts.last)
		if meta := tx.Bucket(metaBucket); meta != nil {
			// A compaction may have taken the last key away, if that was a deletion.
			facts.revision = max(facts.revision, revisionIn(meta.Get(scheduledKey)), revisionIn(meta.Get(finishedKey)))
		}
		return readMeta(tx, &facts.database)
	})
	return facts, err
}

// revisionIn is the revision that a key of etcd's begins with.
func revisionIn(raw []byte) int64 {
	if len(raw) < 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(raw))
}

// describe is what is reported of a staged snapshot.
func (f snapshotFacts) describe(sha256 string, size int64) control.Snapshot {
	s := control.Snapshot{SHA256: sha256, Size: size, State: control.SnapshotStaged, Received: size, Revision: f.revision}
	if f.database.Storage != nil || f.database.Cluster != nil {
		s.Etcd = newest(f.database)
	}
	return s
}

// refuse returns why this release cannot begin with the snapshot; nil when it can.
func (f snapshotFacts) refuse(binary etcd.Version) *control.Refusal {
	db := f.database
	switch {
	case newer(db.Storage, binary) || newer(db.Cluster, binary):
		return refusal(control.ReasonNewerData, "The snapshot was written by etcd %s and this pod runs %s. Set spec.version to that release line or newer.",
			newest(db), binary)
	case skips(db.Cluster, binary):
		return refusal(control.ReasonOlderData, "The snapshot was written by etcd %s, which etcd %s does not read. Restore it with a release of %s, and upgrade then.",
			db.Cluster.Line(), binary, etcd.Version{Major: binary.Major, Minor: binary.Minor - 1}.Line())
	default:
		return nil
	}
}

// cleanse removes from a restored database what is of the old cluster: alarms, for
// they name members that no longer exist, a downgrade that was under way there, and
// any member but those to come. etcd's restore empties the list of members while it
// walks it, of which bbolt does not promise that it misses none.
func cleanse(tx *bbolt.Tx, members map[string]bool) error {
	return errors.Join(
		drop(tx.Bucket(alarmBucket), func([]byte) bool { return true }),
		drop(tx.Bucket(clusterBucket), func(key []byte) bool { return bytes.Equal(key, downgradeKey) }),
		drop(tx.Bucket(removedBucket), func([]byte) bool { return true }),
		drop(tx.Bucket(membersBucket), func(key []byte) bool { return !members[string(key)] }))
}

// drop deletes the entries of a bucket that are unwanted.
func drop(bucket *bbolt.Bucket, unwanted func(key []byte) bool) error {
	if bucket == nil {
		return nil
	}
	var keys [][]byte
	if err := bucket.ForEach(func(key, _ []byte) error {
		if unwanted(key) {
			keys = append(keys, bytes.Clone(key))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, key := range keys {
		if err := bucket.Delete(key); err != nil {
			return err
		}
	}
	return nil
}
