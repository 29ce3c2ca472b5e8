package etcdclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/etcd"
)

// voter is a member that can be asked for a change, by its own word.
type voter struct {
	id    etcd.MemberID
	leads bool
	term  uint64
	etcd  *clientv3.Client
}

// AddLearner implements Changer.
func (c *client) AddLearner(ctx context.Context, peerURL string) (id etcd.MemberID, err error) {
	err = c.change(ctx, 0, func(ctx context.Context, v voter) error {
		resp, err := v.etcd.MemberAddAsLearner(ctx, []string{peerURL})
		if err == nil {
			id = etcd.MemberID(resp.Member.GetID())
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add %s as a learner: %w", peerURL, err)
	}
	return id, nil
}

// Promote implements Changer. Only the leader knows how far a learner is;
// others forward the question, and hang where the answer is no.
func (c *client) Promote(ctx context.Context, id etcd.MemberID) error {
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		_, err := v.etcd.MemberPromote(ctx, uint64(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("promote %s: %w", id, err)
	}
	return nil
}

// Remove implements Changer. The member itself is asked last: it may close its
// connections before it has answered.
func (c *client) Remove(ctx context.Context, id etcd.MemberID) error {
	err := c.change(ctx, id, func(ctx context.Context, v voter) error {
		_, err := v.etcd.MemberRemove(ctx, uint64(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("remove %s: %w", id, err)
	}
	return nil
}

// MoveLeader implements Changer. The leader alone takes it.
func (c *client) MoveLeader(ctx context.Context, from, to etcd.MemberID) error {
	ctx, cancel := context.WithTimeout(ctx, c.changing)
	defer cancel()
	voters := c.voters(ctx)
	i := slices.IndexFunc(voters, func(v voter) bool { return v.id == from && v.leads })
	if i < 0 {
		return fmt.Errorf("move leadership from %s: %w", from, errNotLeading)
	}
	if _, err := voters[i].etcd.MoveLeader(ctx, uint64(to)); err != nil {
		return fmt.Errorf("move leadership from %s to %s: %w", from, to, err)
	}
	return nil
}

// Disarm implements Changer.
func (c *client) Disarm(ctx context.Context, id etcd.MemberID) error {
	return c.disarm(ctx, id, etcdserverpb.AlarmType_CORRUPT)
}

// Nudge implements Changer. To list the alarms is an entry like any other.
func (c *client) Nudge(ctx context.Context) error {
	err := c.change(ctx, 0, func(ctx context.Context, v voter) error {
		_, err := v.etcd.AlarmList(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("commit an entry that changes nothing: %w", err)
	}
	return nil
}

// change asks the leader, and the other voters in turn while the one that was
// asked says that it has not been connected to enough of its peers for long
// enough. Each judges by its own connections, and one that has just restarted
// has none that are old. That refusal comes before anything was proposed;
// after any other error the change may be made already, so nobody else is asked.
func (c *client) change(ctx context.Context, last etcd.MemberID, do func(context.Context, voter) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.changing)
	defer cancel()
	err := errNobodyAnswers
	voters := c.voters(ctx)
	slices.SortStableFunc(voters, func(a, b voter) int { return after(a.id == last, b.id == last) })
	for _, v := range voters {
		if err = do(ctx, v); !errors.Is(err, rpctypes.ErrUnhealthy) {
			return err
		}
	}
	return err
}

// voters asks every member who it is. The leader comes first: of two that
// claim it, the one of the later term.
func (c *client) voters(ctx context.Context) []voter {
	ctx, cancel := context.WithTimeout(ctx, c.asking/2)
	defer cancel()
	answers := make([]voter, len(c.members))
	var wg sync.WaitGroup
	for i, member := range c.members {
		wg.Go(func() {
			// clientv3's Status makes a new connection for each call.
			status, err := etcdserverpb.NewMaintenanceClient(member.ActiveConnection()).Status(ctx, &etcdserverpb.StatusRequest{})
			if err != nil || status.IsLearner {
				return
			}
			id := status.Header.GetMemberId()
			answers[i] = voter{id: etcd.MemberID(id), leads: status.Leader == id, term: status.RaftTerm, etcd: member}
		})
	}
	wg.Wait()
	voters := slices.DeleteFunc(answers, func(v voter) bool { return v.id == 0 })
	slices.SortStableFunc(voters, func(a, b voter) int {
		if a.leads != b.leads {
			return after(b.leads, a.leads)
		}
		return cmp.Compare(b.term, a.term)
	})
	return voters
}

// after orders false before true.
func after(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
