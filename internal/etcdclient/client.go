package etcdclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/fault"
)

// Lister answers with the cluster's member list.
type Lister interface {
	// MemberList is linearizable: an answer proves that a quorum agreed at
	// that moment.
	MemberList(ctx context.Context) (MemberList, error)
}

// Changer changes the cluster. An error may come after the change was made:
// look at the member list again.
type Changer interface {
	Lister
	// AddLearner adds a member that does not vote and returns its new ID.
	AddLearner(ctx context.Context, peerURL string) (etcd.MemberID, error)
	// Promote makes a learner that has caught up a voter.
	Promote(ctx context.Context, id etcd.MemberID) error
	// Remove takes a member off the list, for ever.
	Remove(ctx context.Context, id etcd.MemberID) error
	// MoveLeader hands leadership over; from must lead.
	MoveLeader(ctx context.Context, from, to etcd.MemberID) error
	// Disarm ends the CORRUPT alarm that names this member. Zero is the member
	// of an alarm that could not tell which one is corrupt.
	Disarm(ctx context.Context, id etcd.MemberID) error
	// Downgrade has the cluster go back to a release line, such as "3.6": its
	// version falls, and the members' data takes the older form.
	Downgrade(ctx context.Context, line string) error
	// CancelDowngrade ends that.
	CancelDowngrade(ctx context.Context) error
	// Compact drops the history of all keys before a revision.
	Compact(ctx context.Context, revision int64) error
	// DisarmNoSpace ends the NOSPACE alarm that names this member.
	DisarmNoSpace(ctx context.Context, id etcd.MemberID) error
	// Nudge has the cluster commit an entry that changes nothing.
	Nudge(ctx context.Context) error
	// HashKVs asks every member for its hash over all keys up to a revision, and
	// returns them by endpoint. They read all keys: ctx alone bounds it. ErrAhead
	// and ErrCompacted are wrapped.
	HashKVs(ctx context.Context, revision int64) (map[string]HashKV, error)
}

// MemberList is a linearizable member list and the cluster that gave it.
type MemberList struct {
	ClusterID etcd.ClusterID
	Members   etcd.Members
}

// Target says where a cluster is and how it is spoken to.
type Target struct {
	// Endpoints are client URLs. The cluster's own member list is not used to
	// find more: after a restore it may name others.
	Endpoints []string
	// TLS is nil for plaintext clusters.
	TLS *tls.Config
	// ServerName is the name that every member's certificate bears; empty
	// without TLS. Endpoints are addresses, which certificates do not name.
	ServerName string
}

// client speaks to each member on a connection of its own: some questions are
// for one member only, and a member that hangs must not answer for the others.
type client struct {
	members []*clientv3.Client
	// asking bounds every question, changing every change.
	asking, changing time.Duration
}

// redial is how soon a connection that failed is tried again: by default that
// grows to two minutes, in which a cluster that is back would look lost.
var redial = backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}

// dial makes the connection to one member. It is established by the first call.
func dial(target Target, endpoint string) (*clientv3.Client, error) {
	options := []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{Backoff: redial, MinConnectTimeout: askTimeout}), fault.Etcd()}
	if target.ServerName != "" {
		// clientv3 takes the name to verify from the endpoint, whatever
		// tls.Config.ServerName says.
		options = append(options, grpc.WithAuthority(target.ServerName))
	}
	c, err := clientv3.New(clientv3.Config{
		Endpoints:            []string{endpoint},
		TLS:                  target.TLS,
		DialTimeout:          askTimeout,
		DialKeepAliveTime:    10 * time.Second,
		DialKeepAliveTimeout: 5 * time.Second,
		MaxUnaryRetries:      2,
		DialOptions:          options,
		Logger:               zap.NewNop(), // errors are returned; its own lines repeat them
	})
	if err != nil {
		return nil, fmt.Errorf("create etcd client for %s: %w", endpoint, err)
	}
	return c, nil
}

// MemberList implements Lister. Every member is asked at once and the first
// answer counts: one that is cut off from its peers would hang.
func (c *client) MemberList(ctx context.Context) (MemberList, error) {
	ctx, cancel := context.WithTimeout(ctx, c.asking)
	defer cancel()
	type answer struct {
		list MemberList
		err  error
	}
	answers := make(chan answer, len(c.members))
	for _, member := range c.members {
		go func() {
			list, err := memberList(ctx, member)
			answers <- answer{list, err}
		}()
	}
	var errs []error
	for range c.members {
		a := <-answers
		if a.err == nil {
			return a.list, nil
		}
		errs = append(errs, a.err)
	}
	return MemberList{}, fmt.Errorf("list members: %w", telling(errs))
}

func memberList(ctx context.Context, member *clientv3.Client) (MemberList, error) {
	resp, err := member.MemberList(ctx)
	if err != nil {
		return MemberList{}, err
	}
	list := MemberList{ClusterID: etcd.ClusterID(resp.Header.GetClusterId())}
	for _, m := range resp.Members {
		list.Members = append(list.Members, etcd.Member{
			ID:         etcd.MemberID(m.ID),
			Name:       etcd.MemberName(m.Name),
			PeerURLs:   m.PeerURLs,
			ClientURLs: m.ClientURLs,
			IsLearner:  m.IsLearner,
		})
	}
	return list, nil
}

// telling chooses the error that says most, the same whatever the order of the
// answers: what etcd said, or else that nothing was said in time.
func telling(errs []error) error {
	var told error
	for _, err := range errs {
		switch {
		case told == nil, rank(err) > rank(told), rank(err) == rank(told) && err.Error() < told.Error():
			told = err
		}
	}
	return told
}

func rank(err error) int {
	switch {
	case saidByEtcd(err):
		return 2
	case errors.Is(err, context.DeadlineExceeded):
		return 1
	default:
		return 0
	}
}
