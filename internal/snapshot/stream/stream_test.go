package stream

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"filippo.io/age"

	"github.com/quorate/quorate/internal/snapshot"
)

// taken is a snapshot as etcd sends it: pages that compress somewhat, and the
// SHA-256 of them.
func taken(seed int64, pages int) []byte {
	from := rand.New(rand.NewSource(seed))
	database := make([]byte, pages*page)
	for i := 0; i < len(database); i += page {
		_, _ = from.Read(database[i : i+page/2])
	}
	sum := sha256.Sum256(database)
	return append(database, sum[:]...)
}

type keyPair struct {
	recipients Recipients
	identities Identities
	private    string
}

func newKey(t *testing.T) keyPair {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := ParseRecipients([]byte("# a comment\n\n" + identity.Recipient().String() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := ParseIdentities([]byte("# created: now\n" + identity.String() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{recipients, ids, identity.String()}
}

func described(o Options, sums Sums) snapshot.Manifest {
	m := snapshot.Manifest{
		FormatVersion: snapshot.FormatVersion, Name: "test", Cluster: snapshot.Cluster{ID: "1"}, EtcdVersion: "3.7.3", Member: snapshot.Member{ID: "2"},
		Revision: 3, HashKV: snapshot.HashKV{Revision: 3}, Plain: sums.Plain, Stored: sums.Stored, Compression: o.Compression,
		CreatedAt: time.Unix(1, 0), Verification: snapshot.VerificationHash,
	}
	if o.Encrypted() {
		m.Encryption = &snapshot.Encryption{Type: snapshot.EncryptionAge, Recipients: o.Recipients.Names()}
	}
	return m
}

func content(b []byte) snapshot.Content {
	sum := sha256.Sum256(b)
	return snapshot.Content{Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:])}
}

// ways are all ways to store.
func ways(key keyPair) map[string]Options {
	return map[string]Options{
		"plain":    {Compression: snapshot.CompressionNone},
		"zstd":     {Compression: snapshot.CompressionZstd},
		"age":      {Compression: snapshot.CompressionNone, Recipients: key.recipients},
		"zstd age": {Compression: snapshot.CompressionZstd, Recipients: key.recipients},
	}
}

func TestRoundTrip(t *testing.T) {
	key := newKey(t)
	for name, o := range ways(key) {
		for _, pages := range []int{1, 2, 1000, 5001} {
			t.Run(fmt.Sprintf("%s %d", name, pages), func(t *testing.T) {
				want := taken(int64(pages), pages)
				var stored bytes.Buffer
				sums, err := Encode(&stored, iotest.HalfReader(bytes.NewReader(want)), o)
				if err != nil {
					t.Fatal(err)
				}
				if sums.Plain != content(want) || sums.Stored != content(stored.Bytes()) {
					t.Errorf("sums %+v are not those of what was read and written", sums)
				}
				m := described(o, sums)
				if err := m.Check(); err != nil {
					t.Error(err)
				}
				r, err := NewReader(iotest.HalfReader(&stored), m, key.identities)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				got, err := io.ReadAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) || r.Sums() != sums {
					t.Error("another snapshot comes back")
				}
			})
		}
	}
}

// One byte at a time goes other ways through the digest than blocks do.
func TestDigest(t *testing.T) {
	want := taken(1, 3)
	for _, step := range []int{1, 7, 31, 32, 33, 64, 511, 5000} {
		d := newDigest()
		for rest := want; len(rest) > 0; rest = rest[min(step, len(rest)):] {
			_, _ = d.Write(rest[:min(step, len(rest))])
		}
		if err := d.trailer(); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
		if got := d.content(); got != content(want) {
			t.Errorf("step %d: %+v", step, got)
		}
	}
}

// Damage on the way from etcd: nothing else would see it.
func TestEncodeChecksTheTrailer(t *testing.T) {
	good := taken(1, 20)
	flipped := bytes.Clone(good)
	flipped[700] ^= 1
	for name, bad := range map[string][]byte{"flip": flipped, "empty": {}, "trailer only": good[len(good)-32:], "cut to pages": good[:10*page], "cut": good[:10*page+32], "longer": append(bytes.Clone(good), 0)} {
		var fault *Error
		if _, err := Encode(io.Discard, bytes.NewReader(bad), Options{Compression: snapshot.CompressionZstd}); !errors.As(err, &fault) || fault.Fault != Damaged {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, NewPlainReader(bytes.NewReader(bad))); !errors.As(err, &fault) || fault.Fault != Damaged {
			t.Errorf("%s as a plain file: %v", name, err)
		}
	}
	r := NewPlainReader(bytes.NewReader(good))
	if _, err := io.Copy(io.Discard, r); err != nil || r.Sums().Plain != content(good) || r.Sums().Stored != content(good) {
		t.Errorf("a good file: %v", err)
	}
}

func TestErrorsOfTheEnds(t *testing.T) {
	broken := errors.New("the line is dead")
	_, err := Encode(io.Discard, io.MultiReader(bytes.NewReader(taken(1, 3)), iotest.ErrReader(broken)), Options{Compression: snapshot.CompressionNone})
	var source *SourceError
	if !errors.As(err, &source) || !errors.Is(err, broken) {
		t.Errorf("source: %v", err)
	}
	_, err = Encode(failing{broken}, bytes.NewReader(taken(1, 3)), Options{Compression: snapshot.CompressionNone})
	if errors.As(err, &source) || !errors.Is(err, broken) {
		t.Errorf("destination: %v", err)
	}
	key := newKey(t)
	for name, o := range ways(key) {
		var stored bytes.Buffer
		sums, err := Encode(&stored, bytes.NewReader(taken(1, 2000)), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{0, 10, stored.Len() / 2, stored.Len() - 1, stored.Len()} {
			err := readBack(io.MultiReader(bytes.NewReader(stored.Bytes()[:at]), iotest.ErrReader(broken)), described(o, sums), key.identities)
			if !errors.Is(err, broken) {
				t.Errorf("%s, broken at %d: %v", name, at, err)
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func readBack(from io.Reader, m snapshot.Manifest, ids Identities) error {
	r, err := NewReader(from, m, ids)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// TestDamage is the promise: at random places a bit is flipped, the file is cut
// or grows, a chunk is swapped, the key is wrong, the manifest is another's.
func TestDamage(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))
	key, other := newKey(t), newKey(t)
	for name, o := range ways(key) {
		var stored, foreign bytes.Buffer
		sums, err := Encode(&stored, bytes.NewReader(taken(seed, 3000)), o)
		if err != nil {
			t.Fatal(err)
		}
		foreignSums, err := Encode(&foreign, bytes.NewReader(taken(seed+1, 3000)), o)
		if err != nil {
			t.Fatal(err)
		}
		m, good := described(o, sums), stored.Bytes()
		if err := readBack(bytes.NewReader(good), m, key.identities); err != nil {
			t.Fatalf("%s: undamaged: %v", name, err)
		}
		want := func(what string, bytesOf []byte, m snapshot.Manifest, ids Identities, fault Fault) {
			t.Helper()
			err := readBack(bytes.NewReader(bytesOf), m, ids)
			var e *Error
			if !errors.As(err, &e) || e.Fault != fault {
				t.Errorf("%s: %s: %v, want a fault that is %s", name, what, err, fault)
			}
		}
		for range 100 {
			place, bit := random.Intn(len(good)), random.Intn(8)
			flipped := bytes.Clone(good)
			flipped[place] ^= 1 << bit
			want(fmt.Sprintf("bit %d of byte %d flipped", bit, place), flipped, m, key.identities, Damaged)
			want(fmt.Sprintf("cut to %d bytes", place), good[:place], m, key.identities, Damaged)
			want(fmt.Sprintf("%d bytes more", place+1), append(bytes.Clone(good), good[:place+1]...), m, key.identities, Damaged)
			if swapped, what := swap(random, good); swapped != nil {
				want(what, swapped, m, key.identities, Damaged)
			}
		}
		want("another backup's manifest", good, described(o, foreignSums), key.identities, Damaged)
		want("another backup's data", foreign.Bytes(), m, key.identities, Damaged)
		unlike := m
		unlike.Plain = foreignSums.Plain
		want("a manifest of two backups", good, unlike, key.identities, Damaged)
		if o.Encrypted() {
			want("the wrong key", good, m, other.identities, WrongKey)
			want("no key", good, m, Identities{}, WrongKey)
			bad := bytes.Clone(good)
			bad[len(bad)-1] ^= 1
			want("the wrong key to damaged data", bad, m, other.identities, Damaged)
		}
	}
}

// swap exchanges two chunks of one size.
func swap(random *rand.Rand, good []byte) ([]byte, string) {
	size := 1 + random.Intn(64<<10)
	a, b := random.Intn(len(good)-size), random.Intn(len(good)-size)
	if a > b {
		a, b = b, a
	}
	if a+size > b || bytes.Equal(good[a:a+size], good[b:b+size]) {
		return nil, ""
	}
	out := bytes.Clone(good)
	copy(out[a:], good[b:b+size])
	copy(out[b:], good[a:a+size])
	return out, fmt.Sprintf("%d bytes at %d swapped with those at %d", size, a, b)
}

func TestKeysAreNotTold(t *testing.T) {
	key := newKey(t)
	var fault *Error
	check := func(err error) {
		t.Helper()
		if !errors.As(err, &fault) || fault.Fault != BadKey {
			t.Errorf("error %v", err)
		}
		if err != nil && strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(key.private[:30])) {
			t.Errorf("a private key is told: %v", err)
		}
	}
	for _, text := range []string{"", "# nothing\n", key.private, "x" + key.private, strings.Repeat("a", 1<<20)} {
		_, err := ParseRecipients([]byte(text))
		check(err)
	}
	for _, text := range []string{"", key.private[:40], key.private + key.private, "age1qqqq", strings.Repeat("a", 1<<20)} {
		_, err := ParseIdentities([]byte(text))
		check(err)
	}
}

func TestUnknownCompression(t *testing.T) {
	if _, err := Encode(io.Discard, bytes.NewReader(taken(1, 1)), Options{Compression: "gzip"}); err == nil {
		t.Error("accepted")
	}
}
