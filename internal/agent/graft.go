package agent

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// leaseBucket is where every release line keeps leases.
var leaseBucket = []byte("lease")

// graft makes a backup's database that of a new member, where it lies. etcd's own
// restore would copy all of it first and read it all once more, for the sake of a
// few entries. Here it restores a stub, a database with the same entries but for
// the keys and the leases, and what it has changed there is changed in the database
// too, in one transaction. The stub's log and raft snapshot become the member's.
//
// It may be repeated after it was cut short anywhere, also behind the transaction.
func (l layout) graft(db *bbolt.DB, config snapshot.RestoreConfig, admitted control.Admission, log *zap.Logger) error {
	members, err := foundingIDs(admitted)
	if err != nil {
		return err
	}
	stub := filepath.Join(l.root(), "stub.db")
	if err := db.View(func(tx *bbolt.Tx) error { return writeStub(tx, stub) }); err != nil {
		return fmt.Errorf("make a stub of the database: %w", err)
	}
	config.SnapshotPath, config.SkipHashCheck = stub, true // it has no sum; the backup's was compared
	if err := snapshot.NewV3(log).Restore(config); err != nil {
		return fmt.Errorf("restore a stub of the database: %w", err)
	}
	if err := viewFile(stub, func(before *bbolt.Tx) error {
		return viewFile(l.database(), func(after *bbolt.Tx) error {
			return db.Update(func(tx *bbolt.Tx) error {
				if grafted(tx, after, members) {
					return nil
				}
				return errors.Join(putChanged(tx, before, after), cleanse(tx, members))
			})
		})
	}); err != nil {
		return fmt.Errorf("change the database as its stub was changed: %w", err)
	}
	return removeDurable(stub)
}

// grafted reports whether the transaction of graft is in the database already: it has
// the members of the restored stub, whose IDs nobody had before, and has applied one
// entry for each.
func grafted(tx, stub *bbolt.Tx, members map[string]bool) bool {
	have, want := tx.Bucket(membersBucket), stub.Bucket(membersBucket)
	for id := range members {
		if have == nil || !bytes.Equal(have.Get([]byte(id)), want.Get([]byte(id))) {
			return false
		}
	}
	meta := tx.Bucket(metaBucket)
	return meta != nil && bytes.Equal(meta.Get(appliedKey), stub.Bucket(metaBucket).Get(appliedKey))
}

// writeStub copies a database without its leases and with no key but the last, from
// which a restore counts the revisions on.
func writeStub(from *bbolt.Tx, path string) (err error) {
	stub, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience, NoSync: true})
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	defer func() { err = errors.Join(err, stub.Close()) }()
	return stub.Update(func(tx *bbolt.Tx) error {
		return from.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			to, err := tx.CreateBucketIfNotExists(name)
			switch {
			case err != nil || bytes.Equal(name, leaseBucket):
				return err
			case bytes.Equal(name, keyBucket):
				if last, value := bucket.Cursor().Last(); last != nil {
					return to.Put(last, value)
				}
				return nil
			default:
				return bucket.ForEach(to.Put)
			}
		})
	})
}

// putChanged puts what after has and before has not, or has otherwise. All that a
// restore deletes is members, and cleanse deletes those.
func putChanged(into, before, after *bbolt.Tx) error {
	return after.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
		to, err := into.CreateBucketIfNotExists(name)
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
		return putChangedIn(to, before.Bucket(name), bucket)
	})
}

func putChangedIn(into, before, after *bbolt.Bucket) error {
	return after.ForEach(func(key, value []byte) error {
		if was, ok := entry(before, key); ok && bytes.Equal(was, value) {
			return nil
		}
		return into.Put(key, value)
	})
}

// entry tells an empty value from none, which Get does not promise.
func entry(bucket *bbolt.Bucket, key []byte) ([]byte, bool) {
	if bucket == nil {
		return nil, false
	}
	found, value := bucket.Cursor().Seek(key)
	return value, found != nil && bytes.Equal(found, key)
}
