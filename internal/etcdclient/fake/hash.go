package fake

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/etcdclient"
)

// Hash sets what every member says of its keys, up to and at the hash's revision.
func (c *Cluster) Hash(hash etcdclient.HashKV) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hash = hash
}

// HashKVs implements etcdclient.Changer.
func (c *Cluster) HashKVs(_ context.Context, revision int64) (hashes map[string]etcdclient.HashKV, err error) {
	err = c.call(fmt.Sprintf("HashKVs %d", revision), func() error {
		if revision > c.hash.Revision {
			return etcdclient.ErrAhead
		}
		hashes = map[string]etcdclient.HashKV{}
		for _, m := range c.members {
			hashes[string(m.Name)] = c.hash
		}
		return nil
	})
	return hashes, err
}
