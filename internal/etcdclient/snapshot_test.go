package etcdclient

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// What a backup reads of a real cluster: who is there and how far, the hash of the
// keys at a revision, and a snapshot that ends with its own SHA-256. A member that is
// gone is left out, and without a quorum the list fails while the rest still answers.
func TestReaderOfARealCluster(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := newMember(t, "one"), newMember(t, "two")
	one.start(t, dir, "new", "one="+one.peer)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{one.client}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	var revision int64
	for n := range 20 {
		put, err := client.Put(t.Context(), fmt.Sprint("key ", n), "value")
		if err != nil {
			t.Fatal(err)
		}
		revision = put.Header.Revision
	}
	reader, err := NewReader(Target{Endpoints: []string{one.client, two.client}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()

	list, err := reader.Members(t.Context())
	if err != nil || len(list.Members) != 1 || list.Members[0].Name != "one" {
		t.Fatalf("the members are %+v: %v", list, err)
	}
	statuses, err := reader.Statuses(t.Context())
	if err != nil || len(statuses) != 1 {
		t.Fatalf("with one of two there: %+v, %v", statuses, err)
	}
	if s := statuses[0]; s.Endpoint != one.client || s.ID != list.Members[0].ID || s.ClusterID != list.ClusterID || s.Revision != revision || s.Leader != s.ID || s.IsLearner || s.Version == "" {
		t.Errorf("the status is %+v, at revision %d", s, revision)
	}
	hash, err := reader.HashKV(t.Context(), one.client, revision-5)
	again, errAgain := reader.HashKV(t.Context(), one.client, revision-5)
	if err != nil || errAgain != nil || hash.Revision != revision-5 || hash != again {
		t.Errorf("the hash is %+v, and again %+v: %v, %v", hash, again, err, errAgain)
	}
	if other, err := reader.HashKV(t.Context(), one.client, revision); err != nil || other.Hash == hash.Hash {
		t.Errorf("five writes later the hash is the same: %+v, %v", other, err)
	}
	trailed(t, reader, one.client)

	// The second voter is listed and never comes: there is no quorum any more.
	if _, err := client.MemberAdd(t.Context(), []string{two.peer}); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Members(t.Context()); err == nil {
		t.Error("without a quorum somebody tells who the members are")
	}
	if _, err := reader.Statuses(t.Context()); err != nil {
		t.Errorf("a member that serves nobody tells nothing: %v", err)
	}
	if survivor, err := reader.HashKV(t.Context(), one.client, revision-5); err != nil || survivor.Hash != hash.Hash {
		t.Errorf("its hash is %+v, and was %+v: %v", survivor, hash, err)
	}
	trailed(t, reader, one.client)
}

// trailed reads a snapshot, which must end with the SHA-256 of what came before.
func trailed(t *testing.T, reader *Reader, endpoint string) {
	t.Helper()
	stream, err := reader.Snapshot(t.Context(), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	content, err := io.ReadAll(stream)
	if err != nil || len(content) < 1024 {
		t.Fatalf("%d bytes: %v", len(content), err)
	}
	database, trailer := content[:len(content)-sha256.Size], content[len(content)-sha256.Size:]
	if sum := sha256.Sum256(database); !bytes.Equal(sum[:], trailer) {
		t.Errorf("%d bytes, and they do not end with their SHA-256", len(content))
	}
}

// Every member is asked for its hash. What lies ahead of one, or before its history, is
// told apart from a member that does not answer.
func TestHashKVsOfARealCluster(t *testing.T) {
	t.Parallel()
	m := newMember(t, "one")
	m.start(t, t.TempDir(), "new", "one="+m.peer)
	pool := NewPool()
	defer pool.Drop("x")
	c, err := pool.Get("x", Target{Endpoints: []string{m.client}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{m.client}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for n := range 10 {
		if _, err := client.Put(t.Context(), "key", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	revision := m.Server.KV().Rev()
	if err := c.Compact(t.Context(), revision-5); err != nil {
		t.Fatal(err)
	}
	hashes, err := c.HashKVs(t.Context(), revision-1)
	if h := hashes[m.client]; err != nil || len(hashes) != 1 || h.Revision != revision-1 || h.CompactRevision != revision-5 || h.Hash == 0 {
		t.Errorf("the hashes are %+v: %v", hashes, err)
	}
	if later, err := c.HashKVs(t.Context(), revision); err != nil || later[m.client].Hash == hashes[m.client].Hash {
		t.Errorf("a write later they are %+v: %v", later, err)
	}
	if _, err := c.HashKVs(t.Context(), revision+1); !errors.Is(err, ErrAhead) {
		t.Errorf("of the future: %v", err)
	}
	if _, err := c.HashKVs(t.Context(), revision-6); !errors.Is(err, ErrCompacted) {
		t.Errorf("of what is compacted: %v", err)
	}
	gone, err := pool.Get("y", Target{Endpoints: []string{newMember(t, "two").client}}, "1")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Drop("y")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := gone.HashKVs(ctx, revision); err == nil || errors.Is(err, ErrAhead) || errors.Is(err, ErrCompacted) {
		t.Errorf("of a member that is not there: %v", err)
	}
}
