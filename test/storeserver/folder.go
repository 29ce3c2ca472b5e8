package storeserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Folder is where a server keeps its buckets, seen from below the server.
type Folder string

// filler takes the room on a disk that is to be full. The server takes folders
// for buckets and overlooks a file.
const filler = ".filler"

// FlipBit changes one bit of an object, behind the server's back: size, ETag
// and stored checksums stay as they were. As it is configured by default, the
// AWS SDK finds this in an object that was written at once: damage that only our
// own hashes can find is made with Client.Tamper.
func (f Folder) FlipBit(bucket, key string, offset int64, bit uint) error {
	path := filepath.Join(string(f), bucket, filepath.FromSlash(key))
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	_, err = file.ReadAt(b, offset)
	if err == nil {
		b[0] ^= 1 << (bit % 8)
		_, err = file.WriteAt(b, offset)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("flip a bit at %d of %s: %w", offset, path, err)
	}
	return nil
}

// Free is how much a user other than root can still write, in bytes.
func (f Folder) Free() (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(string(f), &s); err != nil {
		return 0, fmt.Errorf("measure %s: %w", f, err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// Fill takes all the room but so many bytes, and as good as nothing of it is
// written.
func (f Folder) Fill(leave int64) error {
	free, err := f.Free()
	if err != nil {
		return err
	}
	if free <= leave {
		return nil
	}
	file, err := os.OpenFile(f.filler(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	held, err := file.Stat()
	if err == nil {
		err = allocate(file, held.Size(), free-leave)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("fill %s: %w", f, err)
	}
	return nil
}

// allocate takes that much more room, or what of it is to be had: near the end
// a filesystem keeps some for itself.
func allocate(file *os.File, from, wanted int64) error {
	const least = 4 << 10
	for step := wanted; step >= least; {
		switch err := syscall.Fallocate(int(file.Fd()), 0, from, step); {
		case errors.Is(err, syscall.ENOSPC):
			step /= 2
		case err != nil:
			return err
		default:
			from, wanted = from+step, wanted-step
			step = min(step, wanted)
		}
	}
	return nil
}

// Release gives the room back that Fill has taken.
func (f Folder) Release() error {
	if err := os.Remove(f.filler()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (f Folder) filler() string { return filepath.Join(string(f), filler) }
