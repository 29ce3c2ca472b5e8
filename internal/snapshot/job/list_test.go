package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

func TestList(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	for _, name := range []string{"prod/demo/b1", "prod/demo/b2", "x"} {
		if _, err := Save(t.Context(), source, st, saving(name)); err != nil {
			t.Fatal(err)
		}
	}
	good, err := st.GetBytes(t.Context(), "x.json", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for key, text := range map[string]string{
		"orphan.db.zst": "half", "b.json": "{}", "b.db": "whose?", "copy.json": string(good), "later.json": strings.Replace(string(good), `"formatVersion": 1`, `"formatVersion": 7`, 1),
		"readme.txt": "not ours", "snapshots/plain.db": "not ours, or an orphan",
		"x.db": "a second form of x",
	} {
		if err := st.PutBytes(t.Context(), key, true, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	young, err := List(t.Context(), st, "", time.Now().Add(-time.Hour))
	if err != nil || len(young.Orphans) != 0 {
		t.Errorf("young orphans: %v, %v", young.Orphans, err)
	}
	listing, err := List(t.Context(), st, "", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range listing.Backups {
		names = append(names, b.Manifest.Name)
	}
	if got := strings.Join(names, " "); got != "x prod/demo/b2 prod/demo/b1" {
		t.Errorf("listed %s", got)
	}
	var orphans, broken []string
	for _, o := range listing.Orphans {
		orphans = append(orphans, o.Key)
	}
	for _, b := range listing.Broken {
		broken = append(broken, b.Name)
	}
	if got := strings.Join(orphans, " "); got != "orphan.db.zst snapshots/plain.db x.db" {
		t.Errorf("orphans %s", got)
	}
	if got := strings.Join(broken, " "); got != "b copy later" {
		t.Errorf("broken %s", got)
	}
	if n, err := Clean(t.Context(), st, "", time.Now().Add(time.Hour)); err != nil || n != 3 {
		t.Errorf("cleaned %d: %v", n, err)
	}
	found := everything(t, st)
	for _, key := range []string{"b.db", "readme.txt", "x.db.zst", "x.json", "prod/demo/b1.db.zst"} {
		if found[key] == 0 {
			t.Errorf("%s was removed", key)
		}
	}
	if len(found) != 11 {
		t.Errorf("%d objects are left: %v", len(found), found)
	}
}

// Of one schedule's series nothing else is listed or removed: not a file that a person
// has put there, nor what another schedule has left behind.
func TestCleanSeries(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	const series = snapshot.Series("prod/demo/nightly-")
	for _, name := range []string{"prod/demo/nightly-202611280300", "prod/demo/by-hand", "prod/other/nightly-202611280300"} {
		if _, err := Save(t.Context(), source, st, saving(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{
		"prod/demo/nightly-202611270300.db.zst", // the only one that is left behind
		"prod/demo/nightly-two-202611270300.db.zst", "prod/demo/nightly-20261127.db", "prod/demo/nightly-202611270300/x.db", "prod/demo/snapshot.db",
		"prod/other/nightly-202611270300.db.zst", "nightly-202611270300.db", "prod/demo/nightly-202611260300.json",
		"prod/demo/nightly-202611260300.db", // its manifest cannot be read
	} {
		if err := st.PutBytes(t.Context(), key, true, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	before := everything(t, st)
	if n, err := Clean(t.Context(), st, series, time.Now().Add(-24*time.Hour)); n != 0 || err != nil {
		t.Errorf("of what is young it cleaned %d: %v", n, err)
	}
	if n, err := Clean(t.Context(), st, series, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("it cleaned %d: %v", n, err)
	}
	after := everything(t, st)
	if len(after) != len(before)-1 || after["prod/demo/nightly-202611270300.db.zst"] != 0 {
		t.Errorf("of %v are left %v", before, after)
	}
	listing, err := List(t.Context(), st, series, time.Now())
	if err != nil || len(listing.Backups) != 1 || len(listing.Broken) != 1 {
		t.Errorf("listed %+v, %v", listing, err)
	}
}

// A backup is missing without its manifest, and without its data; one whose manifest
// cannot be read is there. A store that does not answer misses nothing.
func TestMissing(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names[:4] {
		if _, err := Save(t.Context(), source, st, saving(name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"b.json", "c.db.zst", "d.json"} {
		if err := st.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.PutBytes(t.Context(), "d.json", true, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if missing, err := Missing(t.Context(), st, names); err != nil || !slices.Equal(missing, []int{1, 2, 4}) {
		t.Errorf("missing are %v, %v", missing, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if missing, err := Missing(ctx, st, names); err == nil {
		t.Errorf("of a store that does not answer it says %v", missing)
	}
}

// A backup never exists without its data, whenever Delete dies.
func TestDelete(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	died := errors.New("killed")
	for dies := range 6 {
		if _, err := Save(t.Context(), source, st, saving("b1")); err != nil {
			t.Fatal(err)
		}
		calls := 0
		err := Delete(t.Context(), &damaging{Store: st, before: func(string, string) error {
			if calls++; calls > dies {
				return died
			}
			return nil
		}}, "b1")
		if dies < 5 && !errors.Is(err, died) || dies == 5 && err != nil {
			t.Errorf("dies %d: %v", dies, err)
		}
		if _, err := Manifest(t.Context(), st, "b1"); err == nil {
			if _, _, err := fetchTo(t, st, Which{Name: "b1"}, stream.Identities{}); err != nil {
				t.Errorf("dies %d: a manifest without data: %v", dies, err)
			}
		}
		for range 2 {
			if err := Delete(t.Context(), st, "b1"); err != nil {
				t.Error(err)
			}
		}
		if left := everything(t, st); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
	wantReason(t, Delete(t.Context(), st, "../b1"), BadRequest)
}

func TestFetchLatest(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	var at []time.Time
	for i := range 3 {
		o := saving(fmt.Sprintf("b%d", i))
		o.Cluster.Name = []string{"demo", "demo", "other"}[i]
		source.content = taken(int64(i), 512*10)
		saved, err := Save(t.Context(), source, st, o)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, saved.Manifest.CreatedAt)
	}
	for _, c := range []struct {
		which Which
		want  string
	}{{Which{}, "b2"}, {Which{Namespace: "prod", Cluster: "demo"}, "b1"}, {Which{Cluster: "demo", At: at[0]}, "b0"}, {Which{At: at[2].Add(-time.Nanosecond)}, "b1"}} {
		fetched, _, err := fetchTo(t, st, c.which, stream.Identities{})
		if err != nil || fetched.Manifest.Name != c.want {
			t.Errorf("%+v: %+v, %v", c.which, fetched.Manifest, err)
		}
	}
	_, _, err := fetchTo(t, st, Which{Cluster: "demo", At: at[0].Add(-time.Hour)}, stream.Identities{})
	wantReason(t, err, NoBackup)
	_, _, err = fetchTo(t, st, Which{Name: "b9"}, stream.Identities{})
	wantReason(t, err, NoBackup)
}

// A file of etcdctl snapshot save has no manifest: its own end is the proof.
func TestFetchPlainFile(t *testing.T) {
	st := newStore(t)
	good := taken(5, 512*50)
	for key, b := range map[string][]byte{"old backups/monday.db": good, "cut.db": good[:512*20], "flipped.snapshot": append([]byte{good[0] ^ 1}, good[1:]...)} {
		if err := st.PutBytes(t.Context(), key, true, b); err != nil {
			t.Fatal(err)
		}
	}
	fetched, to, err := fetchTo(t, st, Which{Key: "old backups/monday.db"}, stream.Identities{})
	if err != nil || fetched.Manifest != nil || fetched.Plain.Size != int64(len(good)) || len(fetched.Plain.SHA256) != 64 {
		t.Errorf("%+v: %v", fetched, err)
	}
	if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, good) {
		t.Errorf("another file: %v", err)
	}
	for _, key := range []string{"cut.db", "flipped.snapshot"} {
		_, _, err := fetchTo(t, st, Which{Key: key}, stream.Identities{})
		wantReason(t, err, stream.Damaged)
	}
	_, _, err = fetchTo(t, st, Which{Key: "not there"}, stream.Identities{})
	wantReason(t, err, store.NotFound)
}

func TestFetchToAFullDisk(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	if _, err := Save(t.Context(), source, st, saving("b1")); err != nil {
		t.Fatal(err)
	}
	_, err := Fetch(t.Context(), st, Which{Name: "b1"}, stream.Identities{}, "/quorate-no-such-folder/x.db")
	wantReason(t, err, DiskFailed)
}
