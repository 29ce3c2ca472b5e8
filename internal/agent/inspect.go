package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/api/v3/version"

	"github.com/quorate/quorate/internal/etcd"
)

// BinaryVersion is the etcd release that this program embeds.
func BinaryVersion() etcd.Version {
	v, err := etcd.ParseVersion(version.Version)
	if err != nil {
		return etcd.Version{} // a pre-release; no supported build embeds one
	}
	return v
}

// Inspect reads the volume. It leaves everything as it is and cannot fail:
// what goes wrong is a fact like any other.
func Inspect(dir string) (Disk, *volumeRecord) {
	l := layout(dir)
	d := Disk{Binary: BinaryVersion()}
	record, err := readVolume(l)
	switch {
	case errors.Is(err, errVolumeRecord):
		d.Damaged = err.Error()
		return d, nil
	case err != nil:
		d.Unusable = err.Error()
		return d, nil
	case record != nil:
		d.Admission, d.Born, d.Removed = record.Admission, record.Born, record.Removed
		d.Halted, d.Survives = record.Halted, record.Survival != nil
	}
	if err := probeWritable(l); err != nil {
		d.Unusable = err.Error()
		return d, record
	}
	d.Log = scanLog(l.walDir())
	d.Database = readDatabase(l)
	d.Failures, d.LastWords = readStarts(l)
	return d, record
}

// probeWritable finds a read-only or full volume before etcd does: etcd's
// answer to both is to die.
func probeWritable(l layout) error {
	probe := filepath.Join(l.root(), ".writable")
	if err := writeSynced(probe, []byte("ok\n")); err != nil {
		return err
	}
	if err := os.Remove(probe); err != nil {
		return fmt.Errorf("remove probe: %w", err)
	}
	return nil
}
