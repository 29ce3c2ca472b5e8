package job

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// copySize is what is copied at a time.
const copySize = 256 << 10

// keep writes a file that is there only when all of from has come without an
// error, and then lasts.
func keep(to string, from io.Reader) (err error) {
	dir := filepath.Dir(to)
	partial := filepath.Join(dir, "."+filepath.Base(to)+".partial")
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fail(DiskFailed, err, "keep the snapshot")
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(partial)
		}
	}()
	if _, err := io.CopyBuffer(disk{f}, from, make([]byte, copySize)); err != nil {
		return err
	}
	for _, step := range []func() error{f.Sync, f.Close, func() error { return os.Rename(partial, to) }, func() error { return syncDir(dir) }} {
		if err := step(); err != nil {
			return fail(DiskFailed, err, "keep the snapshot")
		}
	}
	return nil
}

// disk tells the file's failures from those of what is read.
type disk struct{ f *os.File }

// Write implements io.Writer.
func (d disk) Write(p []byte) (int, error) {
	n, err := d.f.Write(p)
	if err != nil {
		return n, fail(DiskFailed, err, "keep the snapshot: give the Job a larger volume")
	}
	return n, nil
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
