package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/quorate/quorate/internal/writeback"
)

// Backups hold the Secrets of whoever uses the cluster.
const (
	directoryMode = 0o750
	objectMode    = 0o640
)

// What is being written is a file of another name, which no listing shows.
const (
	partialPrefix = "."
	partialSuffix = ".partial"
)

// writeSize is how much is written at a time.
const writeSize = 256 << 10

// directory is a store on a mounted volume. An object is synced before it
// appears, and its folder after.
type directory struct {
	root *os.Root
	// link is os.Root.Link, but for volumes that have no hard links.
	link func(from, to string) error
}

func openDirectory(dir string) (backend, error) {
	// The directory is never made: a volume that is not mounted would go unseen.
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && !info.IsDir() {
		return nil, errNoDirectory
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &directory{root: root, link: root.Link}, nil
}

func (d *directory) put(ctx context.Context, key string, absent bool, from io.Reader) error {
	if absent {
		// Seen early it spares the writing; what counts is link.
		if _, err := d.root.Lstat(key); err == nil {
			return fs.ErrExist
		}
	}
	if err := d.root.MkdirAll(path.Dir(key), directoryMode); err != nil {
		return err
	}
	partial := path.Join(path.Dir(key), partialPrefix+path.Base(key)+"."+rand.Text()[:8]+partialSuffix)
	if err := d.fill(ctx, partial, from); err != nil {
		_ = d.root.Remove(partial)
		return err
	}
	err := d.publish(partial, key, absent)
	if err != nil || absent {
		_ = d.root.Remove(partial)
	}
	if err != nil {
		return err
	}
	for dir := path.Dir(key); ; dir = path.Dir(dir) {
		if err := d.sync(dir); err != nil || dir == "." {
			return err
		}
	}
}

// fill writes a new file to the end and syncs it.
func (d *directory) fill(ctx context.Context, name string, from io.Reader) (err error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, objectMode)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	out := writeback.New(f)
	_, err = io.CopyBuffer(out, whileAlive{ctx, from}, make([]byte, writeSize))
	return errors.Join(err, out.Finish())
}

// publish gives a finished file its name.
func (d *directory) publish(partial, key string, absent bool) error {
	if !absent {
		return d.root.Rename(partial, key)
	}
	err := d.link(partial, key)
	if !errors.Is(err, syscall.EPERM) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EMLINK) {
		return err
	}
	// No hard links here: who makes the empty file has the name.
	f, err := d.root.OpenFile(key, os.O_WRONLY|os.O_CREATE|os.O_EXCL, objectMode)
	if err != nil {
		return err
	}
	_ = f.Close()
	return d.root.Rename(partial, key)
}

// sync makes the names in a folder last.
func (d *directory) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	// Some network volumes cannot sync a folder, and need not.
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

func (d *directory) open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	f, err := d.root.Open(key)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fs.ErrNotExist
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		_ = f.Close()
		return nil, err
	}
	if length < 0 {
		return f, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f, length), f}, nil
}

func (d *directory) stat(_ context.Context, key string) (Object, error) {
	info, err := d.root.Stat(key)
	if err != nil {
		return Object{}, err
	}
	if !info.Mode().IsRegular() {
		return Object{}, fs.ErrNotExist
	}
	tag := fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size())
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		tag = fmt.Sprintf("%s-%x", tag, stat.Ino)
	}
	return Object{Key: key, Size: info.Size(), ModTime: info.ModTime(), Tag: tag}, nil
}

func (d *directory) list(ctx context.Context, prefix string, _ int, yield func(Object) bool) error {
	return d.walk(ctx, prefix, func(key string, info fs.FileInfo) error {
		if !isPartial(key) && !yield(Object{Key: key, Size: info.Size(), ModTime: info.ModTime()}) {
			return fs.SkipAll
		}
		return nil
	})
}

// walk visits the files whose name begins with prefix.
func (d *directory) walk(ctx context.Context, prefix string, visit func(key string, info fs.FileInfo) error) error {
	from := "."
	if at := strings.LastIndex(prefix, "/"); at > 0 {
		from = prefix[:at]
	}
	if _, err := d.root.Stat(from); errors.Is(err, fs.ErrNotExist) && from != "." {
		return nil
	}
	return fs.WalkDir(d.root.FS(), from, func(key string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) && path.Base(key) == "lost+found" {
			return nil // deleted meanwhile; or ext4's own
		}
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() || !strings.HasPrefix(key, prefix) {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return visit(key, info)
	})
}

func (d *directory) remove(_ context.Context, key string) error {
	if err := d.root.Remove(key); err != nil {
		return err
	}
	return d.sync(path.Dir(key))
}

func (d *directory) sweep(ctx context.Context, prefix string, before time.Time) (int, error) {
	swept := 0
	err := d.walk(ctx, prefix, func(key string, info fs.FileInfo) error {
		if !isPartial(key) || !info.ModTime().Before(before) {
			return nil
		}
		if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		swept++
		return nil
	})
	return swept, err
}

func (d *directory) close() error { return d.root.Close() }

func isPartial(key string) bool {
	name := path.Base(key)
	return strings.HasPrefix(name, partialPrefix) && strings.HasSuffix(name, partialSuffix)
}

// whileAlive reads until a context ends.
type whileAlive struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader.
func (w whileAlive) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.from.Read(p)
}
