package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// lineName is how a release line of etcd is written, and nothing that could lead
// to another directory.
var lineName = regexp.MustCompile(`^3\.[0-9]{1,2}$`)

// keepMargin is what has to be left on the volume beside a kept snapshot: two
// segments of etcd's log.
const keepMargin = 128 << 20

// kept is the release line before the step to which a snapshot was kept; empty
// when none lies there.
func (l layout) kept() string {
	files, err := filepath.Glob(l.keptFile("*"))
	if err != nil || len(files) == 0 {
		return ""
	}
	name := filepath.Base(files[len(files)-1])
	return strings.TrimSuffix(strings.TrimPrefix(name, keptPrefix), keptSuffix)
}

// keep writes a snapshot of the database beside the data, as `etcdctl snapshot
// save` would: the database as it is at one moment, and the SHA-256 of that. One
// that is there already stays.
func (l layout) keep(ctx context.Context, s *server, to string) error {
	path := l.keptFile(to)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := l.forgetKept(); err != nil {
		return err
	}
	snapshot := s.Server.Backend().Snapshot()
	defer func() { _ = snapshot.Close() }()
	if err := l.roomFor(snapshot.Size()); err != nil {
		return err
	}
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(temporary), err)
	}
	hash := sha256.New()
	_, err = snapshot.WriteTo(io.MultiWriter(stoppable{ctx, f}, hash))
	if err == nil {
		_, err = f.Write(hash.Sum(nil))
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(temporary), err), removeDurable(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("put %s in place: %w", filepath.Base(path), err)
	}
	return syncDir(l.root())
}

// roomFor reports whether the volume has room for so many bytes more.
func (l layout) roomFor(size int64) error {
	if err := freeFor(l.root(), size); err != nil {
		return fmt.Errorf("%w; raise spec.storage.size", err)
	}
	return nil
}

// freeFor reports whether a directory has room for so many bytes more.
func freeFor(dir string, size int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("look how much room there is: %w", err)
	}
	free := int64(fs.Bavail) * fs.Bsize //nolint:unconvert // int64 on some platforms only
	if free < size+keepMargin {
		return fmt.Errorf("it takes %d MiB, %d MiB more have to be left, and %d MiB are free", size>>20, keepMargin>>20, free>>20)
	}
	return nil
}

// forgetKept deletes whatever was kept, or begun.
func (l layout) forgetKept() error {
	return errors.Join(removeMatching(l.keptFile("*")), removeMatching(l.keptFile("*")+".tmp"))
}

// stoppable ends a long copy with its context.
type stoppable struct {
	ctx context.Context
	io.Writer
}

func (w stoppable) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Writer.Write(p)
}
