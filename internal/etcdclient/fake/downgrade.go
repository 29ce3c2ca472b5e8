package fake

import (
	"context"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// Downgrade implements etcdclient.Changer.
func (c *Cluster) Downgrade(_ context.Context, line string) error {
	return c.call("Downgrade "+line, func() error {
		if !c.quorate() {
			return rpctypes.ErrTimeout
		}
		c.lowers = line
		return nil
	})
}

// CancelDowngrade implements etcdclient.Changer.
func (c *Cluster) CancelDowngrade(context.Context) error {
	return c.call("CancelDowngrade", func() error {
		if !c.quorate() {
			return rpctypes.ErrTimeout
		}
		c.lowers = ""
		return nil
	})
}

// Lowers is the release line that the cluster is being downgraded to.
func (c *Cluster) Lowers() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lowers
}
