package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/test/storeserver"
)

// TestStoreServer: the store that backups are tested with is a real one. Pods
// reach it by its name, under its certificate; it refuses, fills up, slows down
// and goes away as told, and keeps what it has.
func TestStoreServer(t *testing.T) {
	t.Parallel()
	s := newSpace(t)
	st := s.store("store")
	own, user := st.client(), st.podsClient()
	content := bytes.Repeat([]byte("quorate "), 32<<10) // 256 KiB

	eventually(t, medium, "a pod writes", func(ctx context.Context) error { return user.Write(ctx, "daily/a.db", content) })
	must(t, own.Write(bounded(t), "other", content))
	must(t, own.Delete(bounded(t), "other"))
	st.holds(own, "daily/a.db", content)

	must(t, st.folder().FlipBit(storeBucket, "daily/a.db", 100, 0))
	damaged := slices.Clone(content)
	damaged[100] ^= 1
	st.holds(own, "daily/a.db", damaged)
	must(t, own.Tamper(bounded(t), "daily/a.db", 100, 0))
	st.holds(user, "daily/a.db", content)

	wrong := st.otherSecret("wrong", func(d map[string][]byte) { d[secretAccessKey] = []byte("wrong") })
	refusedWith(t, "a wrong key", "SignatureDoesNotMatch", st.clientWith(wrong).Write(bounded(t), "new", nil))
	stranger, err := storeserver.NewCertificate("stranger")
	must(t, err)
	untrusted := st.otherSecret("untrusted", func(d map[string][]byte) { d[secretCA] = stranger.CA })
	err = st.clientWith(untrusted).Write(bounded(t), "new", nil)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("with a stranger's CA: %v", err)
	}

	release := st.fill(1 << 20)
	refusedWith(t, "a full store", "InsufficientStorage", own.Write(bounded(t), "large", make([]byte, 8<<20)))
	release()
	must(t, own.Write(bounded(t), "large", make([]byte, 8<<20)))
	must(t, own.Delete(bounded(t), "large"))

	st.change(storeReadOnly(true))
	refusedWith(t, "a read-only store", "AccessDenied", st.client().Write(bounded(t), "new", nil))
	st.holds(st.client(), "daily/a.db", content)

	st.change(storeGone(true))
	if err := user.Write(bounded(t), "new", nil); err == nil {
		t.Error("a store that is gone takes a write")
	}
	const rate = 128 << 10
	st.change(storeGone(false), storeReadOnly(false), storeRate(rate))
	var began time.Time
	eventually(t, medium, "a pod writes slowly", func(ctx context.Context) error {
		began = time.Now()
		return user.Write(ctx, "slow", content)
	})
	// All but the first 16 KiB have to wait their turn.
	if took, least := time.Since(began), time.Second*(256-16)/128; took < least {
		t.Errorf("256 KiB at 128 KiB per second took %s", took)
	}
	st.change(storeRate(0))
	must(t, st.client().Delete(bounded(t), "slow"))
	st.holds(st.client(), "daily/a.db", content)
}

// holds checks that the store has that object, so, and no other.
func (st *store) holds(c *storeserver.Client, key string, content []byte) {
	st.t.Helper()
	listed, err := c.List(bounded(st.t), "")
	must(st.t, err)
	if len(listed) != 1 || listed[0].Key != key || listed[0].Size != int64(len(content)) {
		st.t.Errorf("%s has %+v", st.url(""), listed)
	}
	got, err := c.Read(bounded(st.t), key)
	must(st.t, err)
	if !bytes.Equal(got, content) {
		st.t.Errorf("%s is not as it should be: %d bytes", key, len(got))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
