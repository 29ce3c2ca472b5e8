package etcdclient

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Downgrade implements Changer. One that is under way already is no error: etcd
// tells so whatever line that goes to, which the caller sees when it looks again.
func (c *client) Downgrade(ctx context.Context, line string) error {
	version := line + ".0"
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		if _, err := v.etcd.Downgrade(ctx, clientv3.DowngradeValidate, version); err != nil {
			return err
		}
		_, err := v.etcd.Downgrade(ctx, clientv3.DowngradeEnable, version)
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrDowngradeInProcess) {
		return fmt.Errorf("downgrade the cluster to %s: %w", line, err)
	}
	return nil
}

// CancelDowngrade implements Changer.
func (c *client) CancelDowngrade(ctx context.Context) error {
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		_, err := v.etcd.Downgrade(ctx, clientv3.DowngradeCancel, "")
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrNoInflightDowngrade) {
		return fmt.Errorf("cancel the downgrade of the cluster: %w", err)
	}
	return nil
}
