package e2e

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// keyspace is what a test wrote and was told to be written.
type keyspace struct {
	c      *cluster
	prefix string
	values map[string]string
}

// write writes keys through one member and remembers them.
func (c *cluster) write(prefix string, n int) *keyspace {
	c.t.Helper()
	return c.writeWith(c.client(), prefix, n)
}

func (c *cluster) writeWith(client *clientv3.Client, prefix string, n int) *keyspace {
	c.t.Helper()
	k := &keyspace{c, prefix, map[string]string{}}
	for i := range n {
		key, value := fmt.Sprintf("%s/%03d", prefix, i), fmt.Sprintf("%s-%d", c.space.name, i)
		eventually(c.t, medium, "write "+key, func(context.Context) error {
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			defer cancel()
			_, err := client.Put(ctx, key, value)
			return err
		})
		k.values[key] = value
	}
	return k
}

// verify reads everything back, linearizably.
func (k *keyspace) verify() {
	k.c.t.Helper()
	k.verifyWith(k.c.client())
}

func (k *keyspace) verifyWith(client *clientv3.Client) {
	k.c.t.Helper()
	var got *clientv3.GetResponse
	eventually(k.c.t, medium, "read "+k.prefix, func(context.Context) error {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		var err error
		got, err = client.Get(ctx, k.prefix+"/", clientv3.WithPrefix())
		return err
	})
	found := map[string]string{}
	for _, kv := range got.Kvs {
		found[string(kv.Key)] = string(kv.Value)
	}
	if len(found) != len(k.values) {
		k.c.t.Errorf("%s holds %d keys below %s, not %d", k.c.name, len(found), k.prefix, len(k.values))
	}
	for key, want := range k.values {
		if found[key] != want {
			k.c.t.Errorf("%s is %q, not %q", key, found[key], want)
		}
	}
}

// sameEverywhere asks every member for the hash of its key space at one
// revision, and fails the test unless all are equal. It returns the hash.
func (c *cluster) sameEverywhere() uint32 {
	c.t.Helper()
	clients := map[string]*clientv3.Client{}
	for _, m := range c.members() {
		clients[m] = c.dial(m)
	}
	var revision int64
	hashes := map[string]uint32{}
	for member, client := range clients {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		if revision == 0 {
			got, err := client.Get(ctx, "\x00", clientv3.WithCountOnly())
			if err != nil {
				c.t.Fatalf("ask %s for the revision: %v", member, err)
			}
			revision = got.Header.Revision
		}
		cancel()
		hashes[member] = c.hash(client, member, revision)
	}
	first := hashes[c.member(0)]
	for member, h := range hashes {
		if h != first {
			c.t.Errorf("at revision %d %s has the hash %x and %s %x", revision, member, h, c.member(0), first)
		}
	}
	return first
}

// hash waits until the member has reached the revision, and returns its hash.
func (c *cluster) hash(client *clientv3.Client, member string, revision int64) uint32 {
	c.t.Helper()
	var hash uint32
	eventually(c.t, medium, "hash of "+member, func(context.Context) error {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		got, err := client.HashKV(ctx, client.Endpoints()[0], revision)
		if err != nil {
			return err
		}
		if got.HashRevision != revision && got.HashRevision != 0 { // 3.5 does not say
			return fmt.Errorf("it hashed revision %d, not %d", got.HashRevision, revision)
		}
		hash = got.Hash
		return nil
	})
	return hash
}
