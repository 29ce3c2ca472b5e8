package agent

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// maxBump keeps revisions away from where their numbers end.
const maxBump = math.MaxInt64 / 2

// restorable returns what a birth shall begin with, nil for nothing, or why it
// cannot. Nothing is touched yet.
func (a *Agent) restorable(wanted *control.Restore) (*control.Restored, *control.Refusal) {
	have := a.staging.look()
	switch {
	case have != nil && have.State == control.SnapshotReceiving:
		return nil, refusal("", "A snapshot is arriving, %d of %d MiB are there. Ask again when that has ended.", have.Received>>20, have.Size>>20)
	case wanted == nil:
		return nil, nil
	case wanted.BumpRevisions < 0 || wanted.BumpRevisions > maxBump || (wanted.BumpRevisions > 0) != wanted.MarkCompacted:
		return nil, refusal("", "Revisions cannot be bumped by %d with markCompacted %t: etcd knows one only with the other.",
			wanted.BumpRevisions, wanted.MarkCompacted)
	case have == nil || have.SHA256 != wanted.SHA256:
		return nil, refusal("", "The snapshot %s is not staged on the volume. Put it there first.", wanted.SHA256)
	}
	facts, err := readSnapshot(a.layout.stagedFile(wanted.SHA256))
	if err != nil {
		return nil, refusal(control.ReasonCorruptSnapshot, "The snapshot cannot be read: %v. Put it onto the volume again.", err)
	}
	if r := facts.refuse(BinaryVersion()); r != nil {
		return nil, r
	}
	if err := a.layout.roomFor(0); err != nil {
		return nil, refusal(control.ReasonNoRoom, "There is no room for a log beside the snapshot: %v.", err)
	}
	if admitted := a.look().volume.Admission; admitted != nil && sameRestore(admitted.Restored, wanted) {
		return admitted.Restored, nil // the snapshot may have that revision already
	}
	return &control.Restored{Restore: *wanted, Revision: facts.first(wanted.BumpRevisions)}, nil
}

// first is the revision that a database has once it is restored.
func (f snapshotFacts) first(bump int64) int64 {
	if bump > 0 {
		return f.last + bump
	}
	return f.revision
}

// sameRestore reports whether a request repeats what was granted.
func sameRestore(granted *control.Restored, wanted *control.Restore) bool {
	if granted == nil || wanted == nil {
		return granted == nil && wanted == nil
	}
	return granted.Restore == *wanted
}

// layRestored makes the first data of a founding member from the staged snapshot.
func (a *Agent) layRestored(admitted control.Admission, _ *zap.Logger) error {
	a.staging.change(func(s *control.Snapshot) { s.State = control.SnapshotRestoring })
	// What this process has received it has hashed on the way, and would read from memory.
	var err error
	if !a.staging.receivedHere(admitted.Restored.SHA256) {
		err = a.layout.checkStaged(admitted.Restored.SHA256)
	}
	if err == nil {
		// Not through the tapped log: what the restore says are not etcd's last words.
		err = a.layout.restore(a.config.Name, admitted, a.log.Named("restore"))
	}
	switch {
	case err == nil, errors.Is(err, errSpoilt):
		a.forgetSnapshot()
	default:
		a.staging.change(func(s *control.Snapshot) { s.State = control.SnapshotStaged })
	}
	return err
}

// restore makes a member's data of the staged snapshot aside, and puts it in place in
// one step. Cut short anywhere, the same restore goes on.
func (l layout) restore(name etcd.MemberName, admitted control.Admission, log *zap.Logger) error {
	taken, err := l.takeSnapshot(admitted.Restored.SHA256)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(l.birthDir()); err != nil {
		return fmt.Errorf("remove what an earlier birth left: %w", err)
	}
	aside := layout(l.birthDir())
	if err := os.MkdirAll(aside.root(), 0o700); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	if err := aside.restoreFrom(taken, name, admitted, log); err != nil {
		return err
	}
	return l.putInPlace(aside)
}

// restoreFrom makes a member's data of a snapshot, which becomes its database, and
// syncs the files. The snapshot goes on having its own name too, if it can.
func (l layout) restoreFrom(file string, name etcd.MemberName, admitted control.Admission, log *zap.Logger) error {
	urls, err := peerURLs(admitted.Members)
	if err != nil {
		return err
	}
	config := snapshot.RestoreConfig{
		Name: string(name), OutputDataDir: l.etcdDir(),
		PeerURLs: urls[string(name)].StringSlice(), InitialCluster: urls.String(), InitialClusterToken: admitted.Token,
	}
	if r := admitted.Restored; r != nil {
		config.RevisionBump, config.MarkCompacted = uint64(r.BumpRevisions), r.MarkCompacted
	}
	if err := cutSum(file); err != nil {
		return err
	}
	if err := withoutPanic(func() error { return l.graftFile(file, config, admitted, log) }); err != nil {
		return fmt.Errorf("restore the snapshot: %w", err)
	}
	if err := linkOver(file, l.database()); err != nil {
		return err
	}
	return syncFiles(l.etcdDir())
}

func (l layout) graftFile(file string, config snapshot.RestoreConfig, admitted control.Admission, log *zap.Logger) (err error) {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: lockPatience})
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }() // after a panic too, or nobody could open it again
	return l.graft(db, config, admitted, log)
}

// cutSum takes the sum off the end that etcd has put there.
func cutSum(file string) error {
	stat, err := os.Stat(file)
	if err == nil && isSnapshotSize(stat.Size()) {
		err = os.Truncate(file, stat.Size()-sha256.Size)
	}
	if err != nil {
		return fmt.Errorf("take the sum off the snapshot: %w", err)
	}
	return nil
}

// linkOver gives a file another name, which something else may have. Where there are
// no links the file loses its first name, and if the restore is cut short then, the
// snapshot has to arrive once more.
func linkOver(file, name string) error {
	if err := os.Remove(name); err != nil {
		return fmt.Errorf("remove the stub: %w", err)
	}
	if os.Link(file, name) == nil {
		return nil
	}
	if err := os.Rename(file, name); err != nil {
		return fmt.Errorf("make the snapshot the database: %w", err)
	}
	return nil
}

// syncFiles syncs every file of a tree; the directories are synced as it is put in
// place.
func syncFiles(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open %s: %w", entry.Name(), err)
		}
		defer func() { _ = f.Close() }() // only read from
		if err := f.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", entry.Name(), err)
		}
		return nil
	})
}
