package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// lead makes a member the leader, and ends once that member says that it is.
func lead(t target, name string) func(context.Context, *clientv3.Client) error {
	return func(ctx context.Context, c *clientv3.Client) error {
		for {
			err := t.move(ctx, c, name)
			if err == nil {
				fmt.Println(name, "leads")
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("let %s lead: %w", name, err)
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// move asks the leader once to hand over, and returns nil when the named
// member led already.
func (t target) move(ctx context.Context, c *clientv3.Client, name string) error {
	list, err := c.MemberList(ctx)
	if err != nil {
		return err
	}
	var next *etcdserverpb.Member
	for _, m := range list.Members {
		if m.Name == name && len(m.ClientURLs) > 0 {
			next = m
		}
	}
	if next == nil {
		return fmt.Errorf("there is no started member %s", name)
	}
	status, err := c.Status(ctx, next.ClientURLs[0])
	if err != nil || status.Leader == next.ID {
		return err
	}
	for _, m := range list.Members {
		if m.ID != status.Leader {
			continue
		}
		// Only the leader takes this order.
		leader := target{endpoints: strings.Join(m.ClientURLs, ","), folder: t.folder}
		if err := leader.do(ctx, func(ctx context.Context, c *clientv3.Client) error {
			_, err := c.MoveLeader(ctx, next.ID)
			return err
		}); err != nil {
			return err
		}
		return errors.New("it was asked to, and has not said so yet")
	}
	return errors.New("there is no leader")
}
