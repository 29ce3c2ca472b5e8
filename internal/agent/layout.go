package agent

import "path/filepath"

// layout names what lies on a volume. Nothing is written outside of it.
type layout string

func (l layout) root() string       { return string(l) }
func (l layout) volumeFile() string { return filepath.Join(string(l), "volume.json") }
func (l layout) startsFile() string { return filepath.Join(string(l), "starts.json") }
func (l layout) crashFile() string  { return filepath.Join(string(l), "crash.log") }

// etcdDir is etcd's data-dir.
func (l layout) etcdDir() string { return filepath.Join(string(l), "data") }

// discardedDir is where etcdDir goes before it is deleted, so that a deletion
// cut short is never mistaken for data.
func (l layout) discardedDir() string { return filepath.Join(string(l), "data.discarded") }

// birthDir is where the data of a birth is made before it is put in place.
func (l layout) birthDir() string { return filepath.Join(string(l), "birth") }

// keptFile is the snapshot of the database that was taken before the step to a
// release line.
func (l layout) keptFile(to string) string {
	return filepath.Join(string(l), keptPrefix+to+keptSuffix)
}

const (
	keptPrefix = "before-"
	keptSuffix = ".db"
)

func (l layout) walDir() string   { return filepath.Join(l.etcdDir(), "member", "wal") }
func (l layout) snapDir() string  { return filepath.Join(l.etcdDir(), "member", "snap") }
func (l layout) database() string { return filepath.Join(l.snapDir(), "db") }
