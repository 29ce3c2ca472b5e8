package agent

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// What a restore makes of a snapshot is, entry by entry and in the log byte by byte,
// what etcd's own restore makes of it, but for what cleanse takes out. It is that too
// where it goes on after it was cut short behind the change of the database.
func TestGraftIsEtcdsRestore(t *testing.T) {
	t.Parallel()
	l := live(t)
	for name, edit := range map[string]func(*bbolt.Tx, control.Admission) error{
		"lived": func(*bbolt.Tx, control.Admission) error { return nil },
		"no keys": func(tx *bbolt.Tx, _ control.Admission) error {
			if err := tx.DeleteBucket(keyBucket); err != nil {
				return err
			}
			_, err := tx.CreateBucket(keyBucket)
			return err
		},
		"no bucket":        func(tx *bbolt.Tx, _ control.Admission) error { return tx.DeleteBucket(removedBucket) },
		"as many entries":  applied,
		"the same members": theSame,
	} {
		for _, n := range []int{1, 3} {
			for _, by := range []int64{0, bump} {
				admitted := founding(t, n, control.Restore{BumpRevisions: by, MarkCompacted: by > 0})
				s := l.edited(t, func(tx *bbolt.Tx) error { return edit(tx, admitted) })
				t.Run(fmt.Sprintf("%s, into %d, bumped by %d", name, n, by), func(t *testing.T) {
					t.Parallel()
					checkGraft(t, s, admitted)
				})
			}
		}
	}
}

// applied makes a database say that it has applied one entry for each member.
func applied(tx *bbolt.Tx, admitted control.Admission) error {
	return tx.Bucket(metaBucket).Put(appliedKey, binary.BigEndian.AppendUint64(nil, uint64(len(admitted.Members))))
}

// theSame makes a database list the members of a birth, and no others.
func theSame(tx *bbolt.Tx, admitted control.Admission) error {
	urls, err := peerURLs(admitted.Members)
	if err != nil {
		return err
	}
	cluster, err := membership.NewClusterFromURLsMap(zap.NewNop(), admitted.Token, urls)
	if err != nil {
		return err
	}
	err = drop(tx.Bucket(membersBucket), func([]byte) bool { return true })
	for _, id := range cluster.MemberIDs() {
		member, bad := json.Marshal(cluster.Member(id))
		err = errors.Join(err, bad, tx.Bucket(membersBucket).Put([]byte(id.String()), member))
	}
	return err
}

func founding(t *testing.T, n int, how control.Restore) control.Admission {
	t.Helper()
	var members []control.Peer
	for i := range n {
		members = append(members, control.Peer{Name: etcd.MemberName(fmt.Sprintf("demo-%d", i)), PeerURL: fmt.Sprintf("http://127.0.0.1:%d", 1000+i)})
	}
	admitted, err := identify(members[0].Name, "token", members)
	must(t, err)
	admitted.Restored = &control.Restored{Restore: how}
	return admitted
}

func checkGraft(t *testing.T, s snapshotOf, admitted control.Admission) {
	t.Helper()
	peer, log := layout(t.TempDir()), zap.NewNop()
	file := filepath.Join(peer.root(), "snapshot.db")
	must(t, os.WriteFile(file, s.content, 0o600))
	urls, err := peerURLs(admitted.Members)
	must(t, err)
	name := string(admitted.Members[0].Name)
	must(t, snapshot.NewV3(log).Restore(snapshot.RestoreConfig{
		SnapshotPath: file, Name: name, OutputDataDir: peer.etcdDir(), PeerURLs: urls[name].StringSlice(),
		InitialCluster: urls.String(), InitialClusterToken: admitted.Token,
		RevisionBump: uint64(admitted.Restored.BumpRevisions), MarkCompacted: admitted.Restored.MarkCompacted,
	}))
	members, err := foundingIDs(admitted)
	must(t, err)
	db, err := bbolt.Open(peer.database(), 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { return cleanse(tx, members) }))
	must(t, db.Close())
	want := everything(t, peer, len(members))
	for _, turn := range []string{"at once", "after it was cut short"} {
		l := layout(t.TempDir())
		must(t, l.restoreFrom(file, admitted.Members[0].Name, admitted, log))
		if got := everything(t, l, len(members)); !maps.Equal(got, want) {
			for key := range got {
				if got[key] != want[key] {
					t.Errorf("%s: %s is %q, and etcd makes it %q", turn, key, got[key], want[key])
				}
			}
			for key := range want {
				if _, ok := got[key]; !ok {
					t.Errorf("%s: there is no %s, and etcd has %q", turn, key, want[key])
				}
			}
		}
	}
}

// everything is each entry of a member's database, and each other file.
func everything(t *testing.T, l layout, members int) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, viewFile(l.database(), func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
			all[string(name)] = ""
			return bucket.ForEach(func(key, value []byte) error {
				all[fmt.Sprintf("%s/%x", name, key)] = string(value)
				return nil
			})
		})
	}))
	for _, dir := range []string{l.walDir(), l.snapDir(), l.root()} {
		entries, err := os.ReadDir(dir)
		must(t, err)
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); !e.IsDir() && path != l.database() && filepath.Ext(path) != ".tmp" && e.Name() != "snapshot.db" {
				content, err := os.ReadFile(path)
				must(t, err)
				if filepath.Ext(path) == ".snap" && members > 1 { // etcd lists them in the order of a map
					content = nil
				}
				all[e.Name()] = string(content)
			}
		}
	}
	return all
}

// A snapshot keeps its name beside that of the database, and loses it where there are
// no links, as there are none of folders.
func TestLinkOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, folder, name := filepath.Join(dir, "file"), filepath.Join(dir, "folder"), filepath.Join(dir, "db")
	must(t, os.WriteFile(file, []byte("snapshot"), 0o600))
	must(t, os.Mkdir(folder, 0o700))
	for _, c := range []struct {
		from string
		kept bool
	}{{file, true}, {folder, false}} {
		must(t, os.RemoveAll(name))
		must(t, os.WriteFile(name, []byte("stub"), 0o600))
		must(t, linkOver(c.from, name))
		_, err := os.Stat(c.from)
		if content, _ := os.ReadFile(name); string(content) == "stub" || (err == nil) != c.kept {
			t.Errorf("%s: %q, %v", c.from, content, err)
		}
	}
}
