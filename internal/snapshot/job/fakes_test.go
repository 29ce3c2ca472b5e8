package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/etcdclient"
	"github.com/quorate/quorate/internal/snapshot"
	"github.com/quorate/quorate/internal/snapshot/store"
	"github.com/quorate/quorate/internal/snapshot/stream"
)

// cluster is a Source that says what a test has it say.
type cluster struct {
	mu       sync.Mutex
	list     etcdclient.MemberList
	listErr  error
	statuses []etcdclient.MemberStatus
	content  []byte
	// broken are how many snapshots from now on break off halfway.
	broken int
	// hangs has a snapshot send half, and then nothing.
	hangs bool
	// read are the endpoints whose snapshots were begun.
	read []string
}

func taken(seed int64, size int) []byte {
	database := make([]byte, size)
	from := rand.New(rand.NewSource(seed))
	for i := 0; i < size; i += 512 {
		_, _ = from.Read(database[i : i+256])
	}
	sum := sha256.Sum256(database)
	return append(database, sum[:]...)
}

// threeMembers has a leader, a follower that is behind, and one that is not.
func threeMembers() *cluster {
	c := &cluster{content: taken(1, 512*400), list: etcdclient.MemberList{ClusterID: 0xc1}}
	for id := etcd.MemberID(1); id <= 3; id++ {
		c.list.Members = append(c.list.Members, etcd.Member{ID: id, Name: etcd.MemberName(fmt.Sprintf("demo-%d", id)), ClientURLs: []string{"x"}})
		c.statuses = append(c.statuses, etcdclient.MemberStatus{
			Endpoint: fmt.Sprintf("http://demo-%d:2379", id), ClusterID: 0xc1, ID: id, Version: "3.7.3", Revision: 90 + int64(id),
			Index: 10_000, Applied: 10_000 - 3 + uint64(id), Term: 4, Leader: 3,
		})
	}
	return c
}

func (c *cluster) Members(context.Context) (etcdclient.MemberList, error) { return c.list, c.listErr }

func (c *cluster) Statuses(context.Context) ([]etcdclient.MemberStatus, error) {
	if len(c.statuses) == 0 {
		return nil, errors.New("nobody answers")
	}
	return c.statuses, nil
}

func (c *cluster) HashKV(_ context.Context, _ string, revision int64) (etcdclient.HashKV, error) {
	return etcdclient.HashKV{Revision: revision, CompactRevision: 3, Hash: 77}, nil
}

func (c *cluster) Snapshot(ctx context.Context, endpoint string) (io.ReadCloser, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = append(c.read, endpoint)
	half := bytes.NewReader(c.content[:len(c.content)/2])
	switch {
	case c.hangs:
		return io.NopCloser(io.MultiReader(half, hanging{ctx})), nil
	case c.broken > 0:
		c.broken--
		return io.NopCloser(io.MultiReader(half, hanging{expired()})), nil
	}
	return io.NopCloser(bytes.NewReader(c.content)), nil
}

func expired() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("transport is closing"))
	return ctx
}

// hanging gives nothing until a context ends.
type hanging struct{ ctx context.Context }

func (h hanging) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, context.Cause(h.ctx)
}

// damaging is a store in which something happens to what lies there.
type damaging struct {
	Store
	// damage changes what is read of an object; nil leaves it.
	damage func(key string, b []byte) []byte
	// before is called before each call that changes the store.
	before func(call, key string) error
}

func (d *damaging) Get(ctx context.Context, key string) (io.ReadCloser, store.Object, error) {
	r, o, err := d.Store.Get(ctx, key)
	if err != nil || d.damage == nil {
		return r, o, err
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, o, err
	}
	b = d.damage(key, b)
	o.Size = int64(len(b))
	return io.NopCloser(bytes.NewReader(b)), o, nil
}

func (d *damaging) Put(ctx context.Context, key string, absent bool, write func(io.Writer) error) error {
	if d.before != nil {
		if err := d.before("put", key); err != nil {
			return err
		}
	}
	return d.Store.Put(ctx, key, absent, write)
}

func (d *damaging) PutBytes(ctx context.Context, key string, absent bool, text []byte) error {
	if d.before != nil {
		if err := d.before("put", key); err != nil {
			return err
		}
	}
	return d.Store.PutBytes(ctx, key, absent, text)
}

func (d *damaging) Delete(ctx context.Context, key string) error {
	if d.before != nil {
		if err := d.before("delete", key); err != nil {
			return err
		}
	}
	return d.Store.Delete(ctx, key)
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: "file://" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func saving(name string) SaveOptions {
	return SaveOptions{
		Name: name, Cluster: snapshot.Cluster{Namespace: "prod", Name: "demo", UID: "u1"}, Stream: stream.Options{Compression: snapshot.CompressionZstd},
		Backoff: time.Millisecond, ToolVersion: "v9",
	}
}

func ageKey(t *testing.T) (stream.Recipients, stream.Identities) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := stream.ParseRecipients([]byte(identity.Recipient().String()))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := stream.ParseIdentities([]byte(identity.String()))
	if err != nil {
		t.Fatal(err)
	}
	return recipients, ids
}

func everything(t *testing.T, st Store) map[string]int64 {
	t.Helper()
	found := map[string]int64{}
	if err := st.List(t.Context(), "", func(o store.Object) bool { found[o.Key] = o.Size; return true }); err != nil {
		t.Fatal(err)
	}
	return found
}

func fetchTo(t *testing.T, st Store, which Which, ids stream.Identities) (Fetched, string, error) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "snapshot.db")
	fetched, err := Fetch(t.Context(), st, which, ids, to)
	return fetched, to, err
}

func wantReason(t *testing.T, err error, want Reason) {
	t.Helper()
	if err == nil || ReasonOf(err) != want {
		t.Errorf("error %v with reason %s, want %s", err, ReasonOf(err), want)
	}
}
