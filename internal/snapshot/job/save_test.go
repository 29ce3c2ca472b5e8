package job

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

func TestSaveAndFetch(t *testing.T) {
	recipients, ids := ageKey(t)
	for name, c := range map[string]struct {
		stream  stream.Options
		ids     stream.Identities
		objects []string
	}{
		"plain":          {stream.Options{Compression: snapshot.CompressionNone}, stream.Identities{}, []string{"prod/demo/b1.db", "prod/demo/b1.json"}},
		"zstd":           {stream.Options{Compression: snapshot.CompressionZstd}, stream.Identities{}, []string{"prod/demo/b1.db.zst", "prod/demo/b1.json"}},
		"age":            {stream.Options{Compression: snapshot.CompressionZstd, Recipients: recipients}, ids, []string{"prod/demo/b1.db.zst.age", "prod/demo/b1.json"}},
		"age write only": {stream.Options{Compression: snapshot.CompressionNone, Recipients: recipients}, stream.Identities{}, []string{"prod/demo/b1.db.age", "prod/demo/b1.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			source, st := threeMembers(), newStore(t)
			o := saving("prod/demo/b1")
			o.Stream, o.Identities = c.stream, c.ids
			saved, err := Save(t.Context(), source, st, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range c.objects {
				if everything(t, st)[key] == 0 {
					t.Errorf("no %s among %v", key, everything(t, st))
				}
			}
			want := snapshot.Manifest{
				FormatVersion: 1, Name: "prod/demo/b1", Cluster: snapshot.Cluster{Namespace: "prod", Name: "demo", UID: "u1", ID: "c1"},
				EtcdVersion: "3.7.3", Member: snapshot.Member{Name: "demo-2", ID: "2"}, Revision: 92, RaftIndex: 9999, RaftTerm: 4,
				HashKV: snapshot.HashKV{Revision: 92, CompactRevision: 3, Hash: 77}, Compression: c.stream.Compression,
				Verification: snapshot.VerificationHash, ToolVersion: "v9",
			}
			if c.stream.Encrypted() {
				want.Encryption = &snapshot.Encryption{Type: "age", Recipients: recipients.Names()}
			}
			read, err := Manifest(t.Context(), st, "prod/demo/b1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, read, cmpopts.IgnoreFields(snapshot.Manifest{}, "CreatedAt", "DurationMillis", "SavedMillis", "ReadBackMillis", "Plain", "Stored")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(saved.Manifest, read, cmpopts.EquateApproxTime(0)); diff != "" {
				t.Error(diff)
			}
			if age := time.Since(read.CreatedAt); age < 0 || age > time.Hour || read.CreatedAt.Location() != time.UTC {
				t.Errorf("created at %v", read.CreatedAt)
			}
			fetched, to, err := fetchTo(t, st, Which{Name: "prod/demo/b1"}, ids)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(to)
			if err != nil || !bytes.Equal(got, source.content) {
				t.Errorf("another snapshot comes back: %v", err)
			}
			if fetched.Plain != read.Plain || fetched.Key != c.objects[0] || fetched.Manifest.Name != read.Name {
				t.Errorf("%+v", fetched)
			}
		})
	}
}

func TestSaveIsRepeatable(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	first, err := Save(t.Context(), source, st, saving("b1"))
	if err != nil {
		t.Fatal(err)
	}
	source.content = taken(2, 512*100)
	second, err := Save(t.Context(), source, st, saving("b1"))
	if err != nil || !second.Existing || second.Manifest.Stored != first.Manifest.Stored || len(source.read) != 1 {
		t.Errorf("%+v: %v; read %v", second, err, source.read)
	}
	other := saving("b1")
	other.Cluster.UID = "u2"
	_, err = Save(t.Context(), source, st, other)
	wantReason(t, err, NameTaken)
	// Data that somebody has deleted behind our back are no backup.
	if err := st.Delete(t.Context(), "b1.db.zst"); err != nil {
		t.Fatal(err)
	}
	_, err = Save(t.Context(), source, st, saving("b1"))
	wantReason(t, err, store.NotFound)
	_, _, err = fetchTo(t, st, Which{Name: "b1"}, stream.Identities{})
	wantReason(t, err, NoBackup)
}

// Killed after the upload, with another compression even: its data go.
func TestSaveReplacesWhatWasLeft(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	for _, key := range []string{"b1.db.zst", "b1.db.age", "b10.db"} {
		if err := st.PutBytes(t.Context(), key, true, []byte("half")); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := Save(t.Context(), source, st, saving("b1"))
	if err != nil {
		t.Fatal(err)
	}
	found := everything(t, st)
	if len(found) != 3 || found["b10.db"] != 4 || found["b1.db.zst"] != saved.Manifest.Stored.Size || found["b1.json"] == 0 {
		t.Errorf("%v", found)
	}
}

func TestSaveTriesAgain(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	source.broken = 2
	if _, err := Save(t.Context(), source, st, saving("b1")); err != nil || len(source.read) != 3 {
		t.Errorf("%d attempts: %v", len(source.read), err)
	}
	source.broken, source.read = 100, nil
	_, err := Save(t.Context(), source, st, saving("b2"))
	wantReason(t, err, SnapshotFailed)
	if len(source.read) != 5 {
		t.Errorf("%d attempts", len(source.read))
	}
	if found := everything(t, st); len(found) != 2 {
		t.Errorf("something is left of it: %v", found)
	}
	// What will not pass by itself is not tried again.
	source.broken, source.read = 0, nil
	_, err = Save(t.Context(), source, &damaging{Store: st, before: func(string, string) error { return &store.Error{Reason: store.AccessDenied} }}, saving("b3"))
	wantReason(t, err, store.AccessDenied)
	if len(source.read) != 0 {
		t.Errorf("%d snapshots", len(source.read))
	}
}

func TestSaveFindsAHangingMember(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	source.hangs = true
	o := saving("b1")
	o.Attempts, o.Stall = 2, 20*time.Millisecond
	_, err := Save(t.Context(), source, st, o)
	wantReason(t, err, SnapshotFailed)
	if err != nil && !strings.Contains(err.Error(), errStalled.Error()) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	o.Stall = time.Hour
	_, err = Save(ctx, source, st, o)
	wantReason(t, err, TimedOut)
}

func TestSaveKeepsAndCommits(t *testing.T) {
	recipients, ids := ageKey(t)
	source, st := threeMembers(), newStore(t)
	dir := t.TempDir()
	o := saving("b1")
	o.Stream.Recipients, o.Keep = recipients, filepath.Join(dir, "snapshot.db")
	_, err := Save(t.Context(), source, st, o)
	wantReason(t, err, BadRequest)
	o.Identities = ids
	saved, err := Save(t.Context(), source, st, o)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(o.Keep)
	if err != nil || !bytes.Equal(kept, source.content) {
		t.Errorf("another snapshot is kept: %v", err)
	}
	_, err = Manifest(t.Context(), st, "b1")
	wantReason(t, err, NoBackup)
	draft := filepath.Join(dir, "manifest.json")
	if err := WriteDraft(draft, saved); err != nil {
		t.Fatal(err)
	}
	read, err := ReadDraft(draft)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(saved, read); diff != "" {
		t.Error(diff)
	}
	committed, err := Commit(t.Context(), st, read, snapshot.VerificationRestore)
	if err != nil || committed.Manifest.Verification != snapshot.VerificationRestore || committed.Existing {
		t.Fatalf("%+v: %v", committed, err)
	}
	again, err := Commit(t.Context(), st, read, snapshot.VerificationRestore)
	if err != nil || !again.Existing {
		t.Errorf("%+v: %v", again, err)
	}
	// The Pod is made anew on another node: its volume is empty, the backup is there.
	if err := os.Remove(o.Keep); err != nil {
		t.Fatal(err)
	}
	if saved, err = Save(t.Context(), source, st, o); err != nil || !saved.Existing {
		t.Errorf("%+v: %v", saved, err)
	}
	if kept, err := os.ReadFile(o.Keep); err != nil || !bytes.Equal(kept, source.content) {
		t.Errorf("another snapshot is kept: %v", err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(found) != 0 {
		t.Errorf("left: %v", found)
	}
}

// Between reading back and the manifest another Job of the name replaces the data.
func TestCommitFindsReplacedData(t *testing.T) {
	source, st := threeMembers(), newStore(t)
	o := saving("b1")
	o.Keep = filepath.Join(t.TempDir(), "snapshot.db")
	saved, err := Save(t.Context(), source, st, o)
	if err != nil {
		t.Fatal(err)
	}
	var data []byte
	replace := func(string, string) error {
		data, err = st.GetBytes(t.Context(), "b1.db.zst", 1<<20)
		return errors.Join(err, st.PutBytes(t.Context(), "b1.db.zst", false, data))
	}
	_, err = Commit(t.Context(), &damaging{Store: st, before: func(call, key string) error {
		if call == "put" {
			return replace(call, key)
		}
		return nil
	}}, saved, snapshot.VerificationRestore)
	wantReason(t, err, store.Exists)
	_, err = Commit(t.Context(), st, saved, snapshot.VerificationRestore)
	wantReason(t, err, store.Exists)
	if _, err := Manifest(t.Context(), st, "b1"); ReasonOf(err) != NoBackup {
		t.Errorf("a manifest of other data is left: %v", err)
	}
}

func TestChoose(t *testing.T) {
	status := func(c *cluster, i int) *etcdclient.MemberStatus { return &c.statuses[i] }
	for name, c := range map[string]struct {
		change   func(*cluster)
		survivor bool
		want     string
		reason   Reason
	}{
		"a follower":                   {func(*cluster) {}, false, "2", ""},
		"none that is behind":          {func(c *cluster) { status(c, 1).Applied = 8000; status(c, 0).Applied = 9500 }, false, "1", ""},
		"the leader in need":           {func(c *cluster) { c.statuses = c.statuses[2:] }, false, "3", ""},
		"the leader before one behind": {func(c *cluster) { c.statuses = c.statuses[1:]; status(c, 0).Applied = 10 }, false, "3", ""},
		"no learner":                   {func(c *cluster) { status(c, 1).IsLearner = true }, false, "1", ""},
		"no learner of the list":       {func(c *cluster) { c.list.Members[1].IsLearner = true }, false, "1", ""},
		"none that was removed":        {func(c *cluster) { c.list.Members = slices.Delete(c.list.Members, 1, 2) }, false, "1", ""},
		"none without a leader":        {func(c *cluster) { status(c, 1).Leader = 0 }, false, "1", ""},
		"none that is corrupt":         {func(c *cluster) { status(c, 1).Problems = []string{"memberID:2 alarm:CORRUPT "} }, false, "1", ""},
		"one that is full":             {func(c *cluster) { status(c, 1).Problems = []string{"memberID:2 alarm:NOSPACE "} }, false, "2", ""},
		"nobody answers":               {func(c *cluster) { c.statuses = nil }, false, "", NoMember},
		"only learners":                {func(c *cluster) { c.statuses = c.statuses[:1]; status(c, 0).IsLearner = true }, false, "", NoMember},
		"another cluster":              {func(c *cluster) { status(c, 0).ClusterID = 0xbad }, false, "", WrongCluster},
		"no quorum":                    {func(c *cluster) { c.listErr = errors.New("no leader") }, false, "", NoQuorum},
		"a survivor": {func(c *cluster) {
			c.listErr = errors.New("no leader")
			for i := range c.statuses {
				status(c, i).Leader = 0
			}
			status(c, 0).Term, status(c, 0).Index = 5, 9000
		}, true, "1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			source := threeMembers()
			c.change(source)
			chosen, err := choose(t.Context(), source, "c1", c.survivor)
			if c.reason != "" {
				wantReason(t, err, c.reason)
			} else if err != nil || chosen.ID.String() != c.want {
				t.Errorf("chosen %s: %v, want %s", chosen.ID, err, c.want)
			}
		})
	}
}
