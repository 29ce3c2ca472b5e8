package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// AttachAll mounts every volume of a node that is not mounted, as after a reboot of the machine.
func AttachAll(ctx context.Context, dir string) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, v := range volumes(dir) {
		group.Go(func() error { return v.Attach(ctx) })
	}
	return group.Wait()
}

// DetachAll unmounts every volume of a node and frees its devices.
func DetachAll(ctx context.Context, dir string) error {
	var failed []error
	for _, v := range volumes(dir) {
		failed = append(failed, v.Detach(ctx))
	}
	return errors.Join(failed...)
}

// Destroy removes a node's volumes for good.
func Destroy(ctx context.Context, dir string) error {
	if err := DetachAll(ctx, dir); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove volumes: %w", err)
	}
	return nil
}

func volumes(dir string) []Volume {
	files, _ := filepath.Glob(filepath.Join(dir, "*.img"))
	all := make([]Volume, len(files))
	for i, f := range files {
		all[i] = Volume{Dir: dir, Name: strings.TrimSuffix(filepath.Base(f), ".img")}
	}
	return all
}
