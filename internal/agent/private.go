package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startPrivately starts an etcd that serves nobody, and waits until it would.
func startPrivately(ctx context.Context, config *embed.Config, patience time.Duration) (*embed.Etcd, error) {
	etcdFlags.RLock()
	defer etcdFlags.RUnlock()
	e, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err = <-e.Err():
	case <-e.Server.StopNotify():
		err = errors.New("etcd stopped")
	case <-timer.C:
		err = fmt.Errorf("etcd did not serve within %s", patience)
	case <-ctx.Done():
		err = ctx.Err()
	}
	e.Server.HardStop()
	e.Close()
	return nil, err
}
