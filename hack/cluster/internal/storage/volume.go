package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/quorate/quorate/hack/cluster/internal/run"
)

// Smallest is the least size mkfs.xfs accepts. A smaller volume is asked for in vain: it gets this.
const Smallest = 300 << 20

// search serialises the search for a free loop device: two at once would race for the same one.
var search sync.Mutex

// Volume is one volume below a node's folder.
type Volume struct {
	Dir  string
	Name string
}

// File is the sparse file behind the volume.
func (v Volume) File() string { return filepath.Join(v.Dir, v.Name+".img") }

// Mountpoint is where its filesystem is mounted.
func (v Volume) Mountpoint() string { return filepath.Join(v.Dir, v.Name) }

// size is what the file gets for a request: whole filesystem blocks, and no less than XFS needs.
func size(request int64) int64 {
	const block = 4096
	return max((request+block-1)/block*block, Smallest)
}

// Create makes, formats and mounts the volume. Called again after a failure it goes on where it stopped.
func (v Volume) Create(ctx context.Context, request int64) error {
	if err := v.format(ctx, size(request)); err != nil {
		return err
	}
	return v.Attach(ctx)
}

// format makes the file under another name first, so that an interrupted copy is never taken for a volume.
func (v Volume) format(ctx context.Context, bytes int64) error {
	if _, err := os.Stat(v.File()); err == nil {
		return nil
	}
	blank, err := v.blank(ctx, bytes)
	if err != nil {
		return err
	}
	raw := v.File() + ".new"
	if err := run.Quiet(ctx, "cp", "--sparse=always", blank, raw); err != nil {
		return err
	}
	return os.Rename(raw, v.File())
}

// blank is a formatted file of that size, which is copied. mkfs.xfs writes 64 MiB of zeros where a journal will be, and
// those are as well not there: beside the volumes that are in use they cost time and disk.
func (v Volume) blank(ctx context.Context, bytes int64) (string, error) {
	blank := filepath.Join(filepath.Dir(v.Dir), fmt.Sprintf("blank-%d.xfs", bytes))
	if _, err := os.Stat(blank); err == nil {
		return blank, nil
	}
	dir, err := os.MkdirTemp(filepath.Dir(v.Dir), "blank-")
	if err != nil {
		return "", fmt.Errorf("create blank volume: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	full, sparse := filepath.Join(dir, "full"), filepath.Join(dir, "sparse")
	if err := os.WriteFile(full, nil, 0o600); err != nil {
		return "", fmt.Errorf("create blank volume: %w", err)
	}
	if err := os.Truncate(full, bytes); err != nil {
		return "", fmt.Errorf("size blank volume: %w", err)
	}
	if err := run.Quiet(ctx, "mkfs.xfs", "-q", "-K", full); err != nil {
		return "", err
	}
	if err := run.Quiet(ctx, "cp", "--sparse=always", full, sparse); err != nil {
		return "", err
	}
	return blank, os.Rename(sparse, blank)
}

// Attach mounts a volume that exists, as after a reboot. One that is deleted meanwhile is none to mount.
func (v Volume) Attach(ctx context.Context) error {
	return v.locked(ctx, func() error { return v.attach(ctx) })
}

func (v Volume) attach(ctx context.Context) error {
	if mounted, err := isMounted(v.Mountpoint()); err != nil || mounted {
		return err
	}
	if err := os.MkdirAll(v.Mountpoint(), 0o755); err != nil {
		return fmt.Errorf("create mountpoint: %w", err)
	}
	device, err := v.device(ctx)
	if err != nil {
		return err
	}
	if device == "" {
		if device, err = v.connect(ctx); err != nil {
			return err
		}
	}
	return run.Quiet(ctx, "mount", "-t", "xfs", "-o", "nouuid,noatime", device, v.Mountpoint())
}

func (v Volume) connect(ctx context.Context) (string, error) {
	search.Lock()
	defer search.Unlock()
	out, err := run.Output(ctx, "losetup", "--find", "--show", v.File())
	return strings.TrimSpace(out), err
}

// device is the loop device of the volume, or empty.
func (v Volume) device(ctx context.Context) (string, error) {
	if _, err := os.Stat(v.File()); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	out, err := run.Output(ctx, "losetup", "--noheadings", "--output", "NAME", "--associated", v.File())
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	return strings.TrimSpace(first), nil
}

// Grow makes a mounted volume larger while it is in use.
func (v Volume) Grow(ctx context.Context, request int64) error {
	want := size(request)
	have, err := os.Stat(v.File())
	if err != nil {
		return err
	}
	if have.Size() < want {
		if err := os.Truncate(v.File(), want); err != nil {
			return fmt.Errorf("grow volume file: %w", err)
		}
	}
	device, err := v.device(ctx)
	if err != nil {
		return err
	}
	if device == "" {
		return fmt.Errorf("volume %s is not attached", v.Name)
	}
	if err := run.Quiet(ctx, "losetup", "--set-capacity", device); err != nil {
		return err
	}
	return run.Quiet(ctx, "xfs_growfs", v.Mountpoint())
}

// Delete unmounts the volume and removes its device and file, the file last: while it is there the volume is.
func (v Volume) Delete(ctx context.Context) error {
	if err := os.Remove(v.File() + ".new"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove volume: %w", err)
	}
	return v.locked(ctx, func() error {
		if err := v.detach(ctx); err != nil {
			return err
		}
		for _, path := range []string{v.Mountpoint(), v.File()} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove volume: %w", err)
			}
		}
		return nil
	})
}

// Detach unmounts the volume and frees its device; the file stays.
func (v Volume) Detach(ctx context.Context) error {
	return v.locked(ctx, func() error { return v.detach(ctx) })
}

func (v Volume) detach(ctx context.Context) error {
	if err := UnmountBelow(v.Mountpoint()); err != nil {
		return err
	}
	device, err := v.device(ctx)
	if err != nil || device == "" {
		return err
	}
	return run.Quiet(ctx, "losetup", "--detach", device)
}
