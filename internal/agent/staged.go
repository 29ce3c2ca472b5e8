package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// What lies on a volume of a snapshot has one of three names: it arrives, it waits
// whole, or it was taken and becomes a database. The last two tell its SHA-256.
const (
	snapshotPrefix = "snapshot-"
	takenPrefix    = "restoring-"
	snapshotSuffix = ".db"
)

// errSpoilt: a staged file is not what has arrived.
var errSpoilt = errors.New("it was spoilt on the volume")

// arrivingSnapshot is what has not arrived whole.
func (l layout) arrivingSnapshot() string { return filepath.Join(string(l), "snapshot.tmp") }

// snapshotFile is a staged snapshot: who has this name is whole, and as it arrived.
func (l layout) snapshotFile(sha256 string) string {
	return filepath.Join(string(l), snapshotPrefix+sha256+snapshotSuffix)
}

// takenFile is a staged snapshot that is becoming a member's database. It was whole
// once; its entries are those of the backup, or those that the member begins with.
func (l layout) takenFile(sha256 string) string {
	return filepath.Join(string(l), takenPrefix+sha256+snapshotSuffix)
}

// stagedFile is where a staged snapshot lies, under one name or the other.
func (l layout) stagedFile(sha256 string) string {
	if _, err := os.Stat(l.takenFile(sha256)); err == nil {
		return l.takenFile(sha256)
	}
	return l.snapshotFile(sha256)
}

// stagedSnapshot is the SHA-256 of the staged snapshot; empty when there is none.
func (l layout) stagedSnapshot() string {
	for _, named := range []func(string) string{l.takenFile, l.snapshotFile} {
		files, err := filepath.Glob(named("*"))
		if err != nil || len(files) == 0 {
			continue
		}
		before, after, _ := strings.Cut(named("*"), "*")
		return strings.TrimSuffix(strings.TrimPrefix(files[0], before), after)
	}
	return ""
}

func (l layout) putSnapshotInPlace(sha256 string) error {
	if err := os.Rename(l.arrivingSnapshot(), l.snapshotFile(sha256)); err != nil {
		return fmt.Errorf("rename snapshot: %w", err)
	}
	return syncDir(l.root())
}

// takeSnapshot renames a staged snapshot, so that it may be changed. One that was taken
// before stays taken.
func (l layout) takeSnapshot(sha256 string) (taken string, err error) {
	taken = l.takenFile(sha256)
	if l.stagedFile(sha256) == taken {
		return taken, nil
	}
	if err := os.Rename(l.snapshotFile(sha256), taken); err != nil {
		return "", fmt.Errorf("take the snapshot: %w", err)
	}
	return taken, syncDir(l.root())
}

// checkStaged reads a snapshot that waits, and compares its sum.
func (l layout) checkStaged(sha256 string) error {
	if l.stagedFile(sha256) == l.takenFile(sha256) {
		return nil // it was compared before it was taken
	}
	sum, _, err := sumOf(l.snapshotFile(sha256))
	if err == nil && sum != sha256 {
		err = fmt.Errorf("%w: expected sha256 %s, got %s", errSpoilt, sha256, sum)
	}
	return err
}

// sumOf is the SHA-256 of a file, in lower-case hexadecimal digits, and its size.
func sumOf(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("open snapshot: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	hash := sha256.New()
	if size, err = io.Copy(hash, f); err != nil {
		return "", 0, fmt.Errorf("read snapshot: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, nil
}

// forgetSnapshots deletes whatever was staged or taken, or has begun to arrive.
func (l layout) forgetSnapshots() error {
	return errors.Join(l.forgetTaken(), removeMatching(l.snapshotFile("*")), removeDurable(l.arrivingSnapshot()))
}

// forgetTaken deletes a snapshot that has begun to become the database of a birth,
// and is of no use to another.
func (l layout) forgetTaken() error { return removeMatching(l.takenFile("*")) }
