package job

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// places is how many random places each kind of damage is tried at.
const places = 100

// TestDamage is the promise: whatever happens to what lies in the store, at a
// random place, Save does not call it a backup, and Fetch gives no file.
func TestDamage(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	recipients, ids := ageKey(t)
	_, wrong := ageKey(t)
	for name, o := range map[string]stream.Options{
		"plain": {Compression: snapshot.CompressionNone}, "zstd": {Compression: snapshot.CompressionZstd},
		"zstd age": {Compression: snapshot.CompressionZstd, Recipients: recipients},
	} {
		t.Run(name, func(t *testing.T) {
			source, st := threeMembers(), newStore(t)
			options := saving("good")
			options.Stream, options.Identities, options.Attempts = o, ids, 1
			saved, err := Save(t.Context(), source, st, options)
			if err != nil {
				t.Fatal(err)
			}
			other := options
			other.Name = "other"
			source.content = taken(9, 512*400)
			foreign, err := Save(t.Context(), source, st, other)
			if err != nil {
				t.Fatal(err)
			}
			source.content = taken(1, 512*400)
			for range places {
				for _, damage := range damages(random, int(saved.Manifest.Stored.Size)) {
					found(t, damage.what, source, st, options, damage.do)
				}
			}
			swapped, err := st.GetBytes(t.Context(), foreign.Manifest.Data(), 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			found(t, "another backup's data", source, st, options, func([]byte) []byte { return swapped })
			// The other's manifest under this name, as it is and with the name mended.
			manifest := foreign.Manifest
			for _, name := range []string{"other", "good"} {
				manifest.Name = name
				text, err := snapshot.Encode(manifest)
				if err != nil {
					t.Fatal(err)
				}
				if err := st.PutBytes(t.Context(), "good.json", false, text); err != nil {
					t.Fatal(err)
				}
				noFile(t, "the manifest of "+name, st, ids, BrokenManifest, stream.Damaged)
			}
			if o.Encrypted() {
				if err := st.Delete(t.Context(), "good.json"); err != nil {
					t.Fatal(err)
				}
				if _, err := Commit(t.Context(), st, saved, snapshot.VerificationHash); err != nil {
					t.Fatal(err)
				}
				noFile(t, "the wrong key", st, wrong, stream.WrongKey)
				noFile(t, "no key", st, stream.Identities{}, stream.WrongKey)
			}
		})
	}
}

type damage struct {
	what string
	do   func([]byte) []byte
}

// damages are one of each kind, at random places.
func damages(random *rand.Rand, size int) []damage {
	place, bit := random.Intn(size), random.Intn(8)
	length := 1 + random.Intn(size/4)
	a := random.Intn(size - 2*length)
	b := a + length + random.Intn(size-2*length-a)
	return []damage{
		{fmt.Sprintf("bit %d of byte %d flipped", bit, place), func(b []byte) []byte { b[place] ^= 1 << bit; return b }},
		{fmt.Sprintf("cut to %d bytes", place), func(b []byte) []byte { return b[:place] }},
		{fmt.Sprintf("%d bytes more", place+1), func(b []byte) []byte { return append(b, b[:place+1]...) }},
		{fmt.Sprintf("%d bytes at %d and %d swapped", length, a, b), func(all []byte) []byte {
			out := bytes.Clone(all)
			copy(out[a:a+length], all[b:b+length])
			copy(out[b:b+length], all[a:a+length])
			if bytes.Equal(out, all) { // pages of zeros: make it a difference
				out[a] ^= 1
			}
			return out
		}},
	}
}

// found holds Fetch of a backup, and Save of another like it, to finding damage.
func found(t *testing.T, what string, source *cluster, st Store, o SaveOptions, do func([]byte) []byte) {
	t.Helper()
	bad := &damaging{Store: st, damage: func(key string, b []byte) []byte {
		if snapshot.ParseObject(key).Kind != snapshot.KindData {
			return b
		}
		// Each encrypted upload has another length: damage what there is of it.
		out := do(bytes.Clone(b))
		if bytes.Equal(out, b) {
			t.Fatalf("%s does not damage", what)
		}
		return out
	}}
	noFile(t, what, bad, o.Identities, stream.Damaged)
	o.Name = "fresh"
	_, err := Save(t.Context(), source, bad, o)
	wantReason(t, err, stream.Damaged)
	if _, err := Manifest(t.Context(), st, "fresh"); ReasonOf(err) != NoBackup {
		t.Errorf("%s: it is called a backup: %v", what, err)
	}
	if t.Failed() {
		t.Fatalf("%s: was not found", what)
	}
}

// noFile holds Fetch to refusing, for one of some reasons, and leaving nothing.
func noFile(t *testing.T, what string, st Store, ids stream.Identities, want ...Reason) {
	t.Helper()
	_, to, err := fetchTo(t, st, Which{Name: "good"}, ids)
	ok := false
	for _, reason := range want {
		ok = ok || err != nil && ReasonOf(err) == reason
	}
	if !ok {
		t.Errorf("%s: %v with reason %s, want %v", what, err, ReasonOf(err), want)
	}
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s: there is a file: %v", what, err)
	}
}
