package etcdclient

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/etcd"
)

// Compact implements Changer. It waits until the member that is asked has freed
// the space, if that does not take too long. A revision that is compacted
// already is no error.
func (c *client) Compact(ctx context.Context, revision int64) error {
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		_, err := v.etcd.Compact(ctx, revision, clientv3.WithCompactPhysical())
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return fmt.Errorf("compact to revision %d: %w", revision, err)
	}
	return nil
}

// DisarmNoSpace implements Changer.
func (c *client) DisarmNoSpace(ctx context.Context, id etcd.MemberID) error {
	return c.disarm(ctx, id, etcdserverpb.AlarmType_NOSPACE)
}

func (c *client) disarm(ctx context.Context, id etcd.MemberID, kind etcdserverpb.AlarmType) error {
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		_, err := v.etcd.AlarmDisarm(ctx, &clientv3.AlarmMember{MemberID: uint64(id), Alarm: kind})
		return err
	})
	if err != nil {
		return fmt.Errorf("disarm the %s alarm of %s: %w", kind, id, err)
	}
	return nil
}
