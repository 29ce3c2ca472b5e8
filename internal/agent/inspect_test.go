package agent

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"

	"github.com/quorate/quorate/internal/control"
)

// plain runs members without TLS on their etcd ports.
func plain(c *Config) {
	c.PeerTLS, c.ClientTLS = false, false
	c.PeerURL = "http://" + c.Listen.Host + ":2380"
	c.ClientURL = "http://" + c.Listen.Host + ":2379"
}

// grown returns the stopped pod of a formed cluster of one that holds keys.
func grown(t *testing.T) *pod {
	t.Helper()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	for i := range 50 {
		_, err := p.etcd().Put(t.Context(), fmt.Sprintf("key-%d", i), "value")
		must(t, err)
	}
	must(t, p.stop())
	return p
}

func (p *pod) layout() layout { return layout(p.config.Dir) }

func (p *pod) segment() string {
	p.t.Helper()
	names, err := filepath.Glob(filepath.Join(p.layout().walDir(), "*.wal"))
	must(p.t, err)
	return names[len(names)-1]
}

// edit rewrites a file's content.
func edit(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, f(content), 0o600))
}

// used returns how much of a preallocated segment holds records.
func used(content []byte) int {
	end := len(content)
	for end > 0 && content[end-1] == 0 {
		end--
	}
	return (end + 7) / 8 * 8
}

func TestInspectDamage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage func(t *testing.T, p *pod)
		want   control.Reason // empty: starts
	}{
		"none": {func(*testing.T, *pod) {}, ""},
		"a bit of an early log record": {func(t *testing.T, p *pod) {
			edit(t, p.segment(), func(b []byte) []byte {
				at := used(b) / 3
				for b[at] < 'a' || b[at] > 'z' { // what fills a record up, or says by how much, no checksum covers
					at++
				}
				b[at] ^= 0x10
				return b
			})
		}, control.ReasonCorruptWAL},
		"the log's first page": {func(t *testing.T, p *pod) {
			edit(t, p.segment(), func(b []byte) []byte { copy(b, make([]byte, 4096)); return b })
		}, control.ReasonCorruptWAL},
		"a segment that is missing": {func(t *testing.T, p *pod) {
			later := filepath.Join(p.layout().walDir(), fmt.Sprintf("%016x-%016x.wal", 2, 100))
			edit(t, p.segment(), func(b []byte) []byte { must(t, os.WriteFile(later, b, 0o600)); return b })
		}, control.ReasonCorruptWAL},
		"the log cut off within what is committed": {func(t *testing.T, p *pod) {
			edit(t, p.segment(), func(b []byte) []byte { clear(b[used(b)/2/8*8:]); return b })
		}, control.ReasonCorruptWAL},
		"the whole log": {func(t *testing.T, p *pod) { must(t, os.RemoveAll(p.layout().walDir())) }, control.ReasonCorruptWAL},
		"a torn tail": {func(t *testing.T, p *pod) {
			edit(t, p.segment(), func(b []byte) []byte {
				end := used(b)
				copy(b[end:], []byte{0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08}) // a frame of 2 KiB whose later sectors were never written
				return b
			})
		}, ""},
		"a database cut short": {func(t *testing.T, p *pod) {
			edit(t, p.layout().database(), func(b []byte) []byte { return b[:3*os.Getpagesize()] })
		}, control.ReasonCorruptDatabase},
		"a database of garbage": {func(t *testing.T, p *pod) {
			edit(t, p.layout().database(), func(b []byte) []byte {
				for i := range b {
					b[i] = byte(i * 7)
				}
				return b
			})
		}, control.ReasonCorruptDatabase},
		"a database whose pages are garbage": {func(t *testing.T, p *pod) {
			edit(t, p.layout().database(), func(b []byte) []byte {
				for i := 2 * os.Getpagesize(); i < len(b); i++ {
					b[i] = 0xff
				}
				return b
			})
		}, control.ReasonCorruptDatabase},
		"an empty database file": {func(t *testing.T, p *pod) {
			must(t, os.Truncate(p.layout().database(), 0))
		}, control.ReasonCorruptDatabase},
		"no database": {func(t *testing.T, p *pod) { must(t, os.Remove(p.layout().database())) }, control.ReasonCorruptDatabase},
		"a newer storage version": {func(t *testing.T, p *pod) {
			putMeta(t, p, metaBucket, storageVersionKey, "3.8.0")
		}, control.ReasonNewerData},
		"a newer cluster version": {func(t *testing.T, p *pod) {
			putMeta(t, p, clusterBucket, clusterVersionKey, "3.8.0")
		}, control.ReasonNewerData},
		"the data of another cluster": {func(t *testing.T, p *pod) {
			other := grown(t)
			must(t, os.RemoveAll(p.layout().etcdDir()))
			must(t, os.CopyFS(p.layout().etcdDir(), os.DirFS(other.layout().etcdDir())))
		}, control.ReasonForeignData},
		"the volume's identity gone": {func(t *testing.T, p *pod) { must(t, os.Remove(p.layout().volumeFile())) }, control.ReasonNotAdmitted},
		"the volume's identity cut short": {func(t *testing.T, p *pod) {
			edit(t, p.layout().volumeFile(), func(b []byte) []byte { return b[:len(b)/2] })
		}, control.ReasonVolumeUnusable},
		"the data": {func(t *testing.T, p *pod) { must(t, os.RemoveAll(p.layout().etcdDir())) }, control.ReasonDataLost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := grown(t)
			c.damage(t, p)
			p.start()
			if c.want == "" {
				waitFor(t, "readiness", p.ready)
				return
			}
			waitFor(t, "refusal", func() bool { return p.report().State == control.StateRefused })
			if r := p.report(); r.Reason != c.want || r.Message == "" || r.Etcd != nil {
				t.Errorf("got %+v, want %s", r, c.want)
			}
			if status, body := p.probe("/livez"); status != 200 {
				t.Errorf("a refusal must stay up to be seen: %d %s", status, body)
			}
		})
	}
}

func putMeta(t *testing.T, p *pod, bucket, key []byte, value string) {
	t.Helper()
	db, err := bbolt.Open(p.layout().database(), 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).Put(key, []byte(value))
	}))
	must(t, db.Close())
}

// A read-only mount shows as such, not as a crash of etcd.
func TestInspectReadOnlyVolume(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/attr"); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	disk, _ := Inspect("/proc/self") // no file can be made there
	if disk.Unusable == "" {
		t.Errorf("got %+v", disk)
	}
}

// What a birth leaves at any point of its writing of the log is either unborn
// or complete: there is no state in between that would hang or be refused.
func TestEveryPrefixOfABirthIsUnbornOrBorn(t *testing.T) {
	t.Parallel()
	l := layout(t.TempDir())
	admission, err := identify("a", "token", []control.Peer{{Name: "a", PeerURL: "http://a:1"}, {Name: "b", PeerURL: "http://b:1"}})
	must(t, err)
	must(t, l.layBirth(admission, zap.NewNop()))
	must(t, volumeRecord{ID: "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11", Admission: &admission}.write(l))
	names, err := filepath.Glob(filepath.Join(l.walDir(), "*.wal"))
	must(t, err)
	whole, err := os.ReadFile(names[0])
	must(t, err)
	must(t, os.RemoveAll(l.snapDir())) // the database is what may be missing first
	var unbornSeen, startSeen bool
	for _, end := range cuts(whole, headEnd(t, whole)) {
		cut := make([]byte, used(whole)+4096)
		copy(cut, whole[:end])
		must(t, os.WriteFile(names[0], cut, 0o600))
		log := scanLog(l.walDir())
		if log.Condition != Readable {
			t.Fatalf("cut at %d: %+v", end, log)
		}
		if log.HardState && log.Last != 2 {
			t.Fatalf("cut at %d: a hard state without its entries: %+v", end, log)
		}
		unbornSeen, startSeen = unbornSeen || !log.HardState, startSeen || log.HardState
	}
	if !unbornSeen || !startSeen {
		t.Errorf("unborn seen: %t, complete seen: %t", unbornSeen, startSeen)
	}
}

// cuts are the ends that a crash can leave: a whole number of sectors, which a
// disk writes as one, or of records, which etcd writes as one.
func cuts(whole []byte, from int) []int {
	var ends []int
	for end := from; end < used(whole); end += 8 + int(binary.LittleEndian.Uint64(whole[end:])&0xffffff+7)/8*8 {
		ends = append(ends, end)
	}
	for end := 512; end < used(whole); end += 512 {
		if end > from {
			ends = append(ends, end)
		}
	}
	return append(ends, used(whole))
}

// headEnd is where the log's head (checksum, metadata, snapshot mark) ends:
// etcd syncs that before the log gets its name.
func headEnd(t *testing.T, whole []byte) int {
	t.Helper()
	dir := t.TempDir()
	metadata, err := encodeMetadata(1<<63, 1<<63)
	must(t, err)
	w, err := createLog(zap.NewNop(), filepath.Join(dir, "wal"), metadata)
	must(t, err)
	must(t, w.Close())
	names, err := filepath.Glob(filepath.Join(dir, "wal", "*.wal"))
	must(t, err)
	head, err := os.ReadFile(names[0])
	must(t, err)
	if used(head) >= used(whole) {
		t.Fatal("the birth wrote nothing after the head")
	}
	return used(head)
}

// metadataOnly makes the log that a kill within etcd's own first start leaves.
func metadataOnly(t *testing.T, l layout, a control.Admission) {
	t.Helper()
	must(t, os.MkdirAll(l.snapDir(), 0o700))
	metadata, err := encodeMetadata(uint64(a.ClusterID), uint64(a.MemberID))
	must(t, err)
	w, err := createLog(zap.NewNop(), l.walDir(), metadata)
	must(t, err)
	must(t, w.Close())
}

// Nothing is left beside the files that the layout names.
func TestVolumeHoldsOnlyItsOwnFiles(t *testing.T) {
	t.Parallel()
	p := grown(t)
	known := map[string]bool{"volume.json": true, "data": true, "crash.log": true}
	entries, err := fs.ReadDir(os.DirFS(p.config.Dir), ".")
	must(t, err)
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("found %s", e.Name())
		}
	}
}
