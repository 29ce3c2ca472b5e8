package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeDurable replaces path as a whole: after a crash there is the old
// content or the new one, and once it returns there is the new one.
func writeDurable(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeSynced(temporary, content); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("put %s in place: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create %s: %w", filepath.Base(path), err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// removeDurable deletes path; once it returns a crash does not bring it back.
func removeDurable(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("remove %s: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// removeMatching deletes the files that a pattern names.
func removeMatching(pattern string) error {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return fmt.Errorf("list %s: %w", filepath.Base(pattern), err)
	}
	for _, f := range files {
		if err := removeDurable(f); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", path, err)
	}
	return nil
}

// wipe removes etcd's directory: first out of the way in one step, then file
// by file.
func (l layout) wipe() error {
	if err := os.RemoveAll(l.discardedDir()); err != nil {
		return fmt.Errorf("remove earlier discarded data: %w", err)
	}
	if err := os.Rename(l.etcdDir(), l.discardedDir()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("move data away: %w", err)
	}
	if err := syncDir(l.root()); err != nil {
		return err
	}
	if err := os.RemoveAll(l.discardedDir()); err != nil {
		return fmt.Errorf("remove discarded data: %w", err)
	}
	return nil
}
