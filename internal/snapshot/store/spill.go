package store

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// How much is written at a time, and how much waits for the disk at most before
// it is told to begin.
const (
	writeSize = 256 << 10
	flushSize = 8 << 20
)

// spill writes all of from. The disk works while the rest comes: left to the last
// sync it would do so afterwards, all at once, and every other user of it would wait.
func spill(f *os.File, from io.Reader) error {
	buffer := make([]byte, writeSize)
	var written, flushed int64
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := f.Write(buffer[:n]); err != nil {
				return err
			}
			written += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if written-flushed >= flushSize {
			// Only a hint: what counts is the sync.
			_ = unix.SyncFileRange(int(f.Fd()), flushed, written-flushed, unix.SYNC_FILE_RANGE_WRITE)
			flushed = written
		}
	}
}
