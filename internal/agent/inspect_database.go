package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quorate/quorate/internal/etcd"
)

// lockPatience bounds the wait for the file lock: no second process should
// ever hold it, and the pod that comes back must not hang when one does.
const lockPatience = 5 * time.Second

// The names under which every release line keeps what is read here.
var (
	metaBucket        = []byte("meta")
	appliedKey        = []byte("consistent_index")
	storageVersionKey = []byte("storageVersion") // not in 3.5
	clusterBucket     = []byte("cluster")
	clusterVersionKey = []byte("clusterVersion")
)

// readDatabase looks at both meta pages, the size, and the edges of every
// bucket: cheap at any size, and enough to find a truncated or overwritten
// file. Damage deeper down shows when etcd reads it, as a crash.
func readDatabase(l layout) Database {
	stat, err := os.Stat(l.database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Database{Condition: Absent}
	case err != nil:
		return Database{Condition: Corrupt, Problem: err.Error()}
	case stat.Size() == 0:
		return Database{Condition: Corrupt, Problem: "the file is empty"}
	}
	db := Database{Condition: Readable, Received: receivedDatabases(l)}
	if err := readBolt(l.database(), stat.Size(), &db); err != nil {
		db.Condition, db.Problem = Corrupt, err.Error()
	}
	return db
}

func readBolt(path string, size int64, into *Database) error {
	return viewBolt(path, size, func(tx *bbolt.Tx) error { return readMeta(tx, into) })
}

// viewBolt reads from a database whose buckets have their edges.
func viewBolt(path string, size int64, read func(*bbolt.Tx) error) error {
	return withoutPanic(func() error {
		return viewFile(path, func(tx *bbolt.Tx) error {
			if tx.Size() > size {
				return fmt.Errorf("the file has %d bytes of %d", size, tx.Size())
			}
			if err := touchBuckets(tx); err != nil {
				return err
			}
			return read(tx)
		})
	})
}

func viewFile(path string, read func(*bbolt.Tx) error) (err error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockPatience})
	if err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	defer func() { err = errors.Join(err, db.Close()) }() // after a panic too, or nobody could open it again
	return db.View(read)
}

// withoutPanic turns the panics of bbolt and etcd's storage code, and the fault of
// reading beyond a truncated file, into errors.
func withoutPanic(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read pages: %v", r)
		}
	}()
	return f()
}

func touchBuckets(tx *bbolt.Tx) error {
	return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		c := b.Cursor()
		c.First()
		c.Last()
		return nil
	})
}

func readMeta(tx *bbolt.Tx, into *Database) error {
	if meta := tx.Bucket(metaBucket); meta != nil {
		if raw := meta.Get(appliedKey); len(raw) == 8 {
			into.Applied = binary.BigEndian.Uint64(raw)
		}
		into.Storage = recordedVersion(meta.Get(storageVersionKey))
	}
	if cluster := tx.Bucket(clusterBucket); cluster != nil {
		into.Cluster = recordedVersion(cluster.Get(clusterVersionKey))
	}
	return nil
}

func recordedVersion(raw []byte) *etcd.Version {
	if len(raw) == 0 {
		return nil
	}
	v, err := etcd.ParseVersion(string(raw))
	if err != nil {
		return nil
	}
	return &v
}

// receivedDatabases lists the indexes of databases that a leader has sent.
func receivedDatabases(l layout) []uint64 {
	entries, err := os.ReadDir(l.snapDir())
	if err != nil {
		return nil
	}
	var indexes []uint64
	for _, e := range entries {
		var index uint64
		if !strings.HasSuffix(e.Name(), ".snap.db") {
			continue
		}
		if _, err := fmt.Sscanf(e.Name(), "%016x.snap.db", &index); err == nil {
			indexes = append(indexes, index)
		}
	}
	return indexes
}
