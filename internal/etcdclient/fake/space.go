package fake

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/quorate/quorate/internal/etcd"
)

// Compact implements etcdclient.Changer.
func (c *Cluster) Compact(_ context.Context, revision int64) error {
	return c.call(fmt.Sprintf("Compact %d", revision), func() error {
		if !c.quorate() {
			return rpctypes.ErrTimeout
		}
		return nil
	})
}

// DisarmNoSpace implements etcdclient.Changer.
func (c *Cluster) DisarmNoSpace(_ context.Context, id etcd.MemberID) error {
	return c.call("DisarmNoSpace "+id.String(), func() error {
		if !c.quorate() {
			return rpctypes.ErrTimeout
		}
		return nil
	})
}
