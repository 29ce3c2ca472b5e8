package snapshot

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func manifest() Manifest {
	return Manifest{
		FormatVersion: FormatVersion,
		Name:          "prod/demo-20261128",
		Cluster:       Cluster{Namespace: "prod", Name: "demo", UID: "6c0d", ID: "a1b2"},
		EtcdVersion:   "3.7.3",
		Member:        Member{Name: "demo-1", ID: "c3d4"},
		Revision:      42, RaftIndex: 50, RaftTerm: 3,
		HashKV:      HashKV{Revision: 42, CompactRevision: 7, Hash: 4294967295},
		Plain:       Content{Size: 4096 + 32, SHA256: strings.Repeat("0a", 32)},
		Stored:      Content{Size: 1000, SHA256: strings.Repeat("ff", 32)},
		Compression: CompressionZstd,
		Encryption:  &Encryption{Type: EncryptionAge, Recipients: []string{"age1qqqq"}},
		CreatedAt:   time.Date(2026, 11, 28, 9, 0, 0, 5, time.UTC), DurationMillis: 1500,
		SavedMillis: 900, ReadBackMillis: 500,
		Verification: VerificationHash,
		ToolVersion:  "v0.1.0",
	}
}

func TestManifestComesBack(t *testing.T) {
	for _, encryption := range []*Encryption{nil, manifest().Encryption} {
		want := manifest()
		want.Encryption = encryption
		text, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	m := manifest()
	if m.Duration() != 1500*time.Millisecond || m.Saved() != 900*time.Millisecond || m.ReadBack() != 500*time.Millisecond {
		t.Errorf("durations %v, %v, %v", m.Duration(), m.Saved(), m.ReadBack())
	}
}

// Every field is written: one that json could not see would be lost.
func TestManifestHasNoZeroField(t *testing.T) {
	text, err := Encode(manifest())
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	if len(fields) != 19 {
		t.Errorf("%d fields: is a new one in manifest() of this test?", len(fields))
	}
}

func TestManifestRefused(t *testing.T) {
	good, err := Encode(manifest())
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, by string) string {
		t.Helper()
		if !strings.Contains(string(good), old) {
			t.Fatalf("%q is not in the manifest", old)
		}
		return strings.Replace(string(good), old, by, 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "unexpected end"},
		"another document":   {`{"kind": "Secret"}`, "formatVersion is missing"},
		"later format":       {replace(`"formatVersion": 1`, `"formatVersion": 2, "new": true`), "format version 2"},
		"unknown field":      {replace(`"revision": 42,`, `"revision": 42, "colour": 1,`), "colour"},
		"cut":                {string(good[:len(good)/2]), "unexpected end"},
		"two documents":      {string(good) + "{}", "after top-level value"},
		"too large":          {string(good) + strings.Repeat(" ", MaxManifestSize), "more than"},
		"no etcd version":    {replace("3.7.3", ""), "etcdVersion"},
		"no cluster ID":      {replace("a1b2", ""), "cluster.id"},
		"no member ID":       {replace("c3d4", ""), "member.id"},
		"revisions differ":   {replace(`"revision": 42,`, `"revision": 43,`), "hashKV.revision 42"},
		"no time":            {replace("2026-11-28T09:00:00.000000005Z", "0001-01-01T00:00:00Z"), "createdAt"},
		"compression":        {replace("zstd", "gzip"), "compression"},
		"verification":       {replace("Hash\"", "Hope\""), "verification"},
		"name leaves prefix": {replace("prod/demo", "../demo"), "name of the backup"},
		"encryption":         {replace(`"type": "age"`, `"type": "rot13"`), "encryption.type"},
		"identity":           {replace("age1qqqq", "AGE-SECRET-KEY-1QQQ"), "no public key"},
		"size":               {replace("1000", "0"), "stored: size"},
		"hash":               {replace("0a0a", "0A0A"), "plain: sha256"},
		"short hash":         {replace("0a0a", "0a"), "plain: sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET-KEY") {
				t.Errorf("an identity is told: %v", err)
			}
		})
	}
	var unknown UnknownFormatError
	if _, err := Decode([]byte(`{"formatVersion": 9}`)); !errors.As(err, &unknown) || unknown.Version != 9 {
		t.Errorf("error %v", err)
	}
	if _, err := Encode(Manifest{}); err == nil {
		t.Error("an empty manifest is written")
	}
}

func TestNamesComeBack(t *testing.T) {
	for _, name := range []string{"a", "demo-1", "prod/demo.db", "x.json", "x.db.zst", "x.db.zst.age", "A_b.9"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
		if got, want := ParseObject(ManifestName(name)), (Object{Kind: KindManifest, Name: name}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		seen := map[string]bool{}
		for _, compression := range []Compression{CompressionNone, CompressionZstd} {
			for _, encrypted := range []bool{false, true} {
				key := DataName(name, compression, encrypted)
				want := Object{Kind: KindData, Name: name, Compression: compression, Encrypted: encrypted}
				if got := ParseObject(key); got != want {
					t.Errorf("%s: %+v, want %+v", key, got, want)
				}
				seen[key] = true
			}
		}
		for _, key := range DataNames(name) {
			delete(seen, key)
		}
		if len(seen) > 0 {
			t.Errorf("DataNames lacks %v", seen)
		}
	}
}

func TestNotABackup(t *testing.T) {
	for _, key := range []string{"", "readme.txt", "x.zst", "x.age", ".json", ".db", "../x.db", "a//b.db", "/a.db", "x.db.age.zst", "a b.db", "x.db.", strings.Repeat("a", 216) + ".db", strings.Repeat("a/", 300) + "a.db"} {
		if got := ParseObject(key); got.Kind != KindOther {
			t.Errorf("%q is taken for %+v", key, got)
		}
	}
}

func TestListing(t *testing.T) {
	at := func(name, cluster string, hour int) Backup {
		m := manifest()
		m.Name, m.Cluster.Name = name, cluster
		m.CreatedAt = time.Date(2026, 11, 28, hour, 0, 0, 0, time.UTC)
		return Backup{m}
	}
	l := Listing{Backups: []Backup{at("b", "demo", 3), at("c", "other", 9), at("a", "demo", 3), at("d", "demo", 5)}}
	l.Sort()
	var order []string
	for _, b := range l.Backups {
		order = append(order, b.Manifest.Name)
	}
	if diff := cmp.Diff([]string{"c", "d", "a", "b"}, order); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		namespace, cluster string
		hour               int
		want               string
	}{
		{"", "", 0, "c"}, {"prod", "demo", 0, "d"}, {"prod", "demo", 4, "a"}, {"prod", "demo", 5, "d"},
		{"prod", "demo", 2, ""}, {"dev", "demo", 0, ""},
	} {
		var when time.Time
		if c.hour > 0 {
			when = time.Date(2026, 11, 28, c.hour, 0, 0, 0, time.UTC)
		}
		got, found := l.Latest(c.namespace, c.cluster, when)
		if found != (c.want != "") || found && got.Manifest.Name != c.want {
			t.Errorf("%+v: %q", c, got.Manifest.Name)
		}
	}
}

// The places of the most backups that a Job is asked for fit into its last word.
func TestMissingFits(t *testing.T) {
	r := Result{Command: "list"}
	for i := range 200 {
		r.Missing = append(r.Missing, i)
		r.Backups = append(r.Backups, Item{Name: strings.Repeat("x", 200)})
	}
	got, err := DecodeResult(r.Encode())
	if err != nil || len(got.Missing) != 200 || got.Reason != "" {
		t.Errorf("of 200 places %d are left: %+v, %v", len(got.Missing), got.Reason, err)
	}
}

func TestSeries(t *testing.T) {
	s := Series("prod/demo/nightly-")
	for name, want := range map[string]bool{
		"prod/demo/nightly-202611280300": true, "prod/demo/nightly-": false, "prod/demo/nightly-20261128030": false, "prod/demo/nightly-2026112803000": false,
		"prod/demo/nightly-two-202611280300": false, "prod/demo/nightly-20261128/300": false, "prod/other/nightly-202611280300": false, "nightly-202611280300": false,
	} {
		if s.Has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if !Series("").Has("anything") || s.Folder() != "prod/demo/" || Series("").Folder() != "" || Series("nightly-").Folder() != "" {
		t.Error("the folders are other ones")
	}
}
