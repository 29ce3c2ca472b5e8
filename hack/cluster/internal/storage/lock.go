package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// locked does something while nobody else mounts, unmounts or deletes this volume: the provisioner and a command are two
// processes. The lock is that of the volume's file itself; where that is not there, or not any more, nothing is done.
func (v Volume) locked(ctx context.Context, do func() error) error {
	f, err := os.Open(v.File())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open volume file: %w", err)
	}
	defer func() { _ = f.Close() }()
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the lock of volume %s: %w", v.Name, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	if _, err := os.Stat(v.File()); errors.Is(err, fs.ErrNotExist) {
		return nil // deleted while we waited
	}
	return do()
}
