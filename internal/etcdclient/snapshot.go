package etcdclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/etcd"
)

// MemberStatus is what one member says of itself.
type MemberStatus struct {
	// Endpoint is where it was asked.
	Endpoint  string
	ClusterID etcd.ClusterID
	ID        etcd.MemberID
	Name      etcd.MemberName
	// Version is its etcd's, such as "3.7.3".
	Version string
	// Revision is the last one that it has applied.
	Revision int64
	// Index is the last of its raft log, Applied the last that it has applied.
	Index, Applied, Term uint64
	// Leader is zero where it knows none.
	Leader    etcd.MemberID
	IsLearner bool
	// DatabaseSize is in bytes.
	DatabaseSize int64
	// Problems are its alarms, such as NOSPACE, in etcd's words.
	Problems []string
}

// HashKV is a member's hash over all keys up to a revision.
type HashKV struct {
	Revision        int64
	CompactRevision int64
	Hash            uint32
}

// Reader reads whole databases, member by member.
type Reader struct {
	target  Target
	members map[string]*clientv3.Client
}

// NewReader makes connections to the members of one cluster, of its own: a
// snapshot takes as long as it takes.
func NewReader(target Target) (*Reader, error) {
	if len(target.Endpoints) == 0 {
		return nil, errors.New("create etcd client: no endpoint is given")
	}
	r := &Reader{target: target, members: map[string]*clientv3.Client{}}
	for _, endpoint := range target.Endpoints {
		member, err := dial(target, endpoint)
		if err != nil {
			_ = r.Close()
			return nil, err
		}
		r.members[endpoint] = member
	}
	return r, nil
}

// Close ends the connections.
func (r *Reader) Close() error {
	for _, member := range r.members {
		_ = member.Close()
	}
	return nil
}

// Statuses asks every endpoint at once. Those that do not answer in time are
// left out; the error says why nobody answered.
func (r *Reader) Statuses(ctx context.Context) ([]MemberStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	type answer struct {
		status MemberStatus
		err    error
	}
	answers := make(chan answer, len(r.members))
	for endpoint, member := range r.members {
		go func() {
			status, err := statusOf(ctx, member, endpoint)
			answers <- answer{status, err}
		}()
	}
	var statuses []MemberStatus
	var errs []error
	for range r.members {
		a := <-answers
		if a.err != nil {
			errs = append(errs, a.err)
			continue
		}
		statuses = append(statuses, a.status)
	}
	if len(statuses) == 0 {
		return nil, fmt.Errorf("ask the members for their status: %w", telling(errs))
	}
	slices.SortFunc(statuses, func(a, b MemberStatus) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	return statuses, nil
}

func statusOf(ctx context.Context, member *clientv3.Client, endpoint string) (MemberStatus, error) {
	resp, err := member.Status(ctx, endpoint)
	if err != nil {
		return MemberStatus{}, err
	}
	return MemberStatus{
		Endpoint:  endpoint,
		ClusterID: etcd.ClusterID(resp.Header.GetClusterId()), ID: etcd.MemberID(resp.Header.GetMemberId()),
		Version: resp.Version, Revision: resp.Header.GetRevision(),
		Index: resp.RaftIndex, Applied: resp.RaftAppliedIndex, Term: resp.RaftTerm,
		Leader: etcd.MemberID(resp.Leader), IsLearner: resp.IsLearner,
		DatabaseSize: resp.DbSize, Problems: resp.Errors,
	}, nil
}

// Members is the linearizable member list: that it comes shows a quorum.
func (r *Reader) Members(ctx context.Context) (MemberList, error) {
	c := &client{asking: askTimeout, changing: changeTimeout}
	for _, member := range r.members {
		c.members = append(c.members, member)
	}
	return c.MemberList(ctx)
}

// ErrAhead is of a revision that a member has not come to, ErrCompacted of one that
// it has no history of any more.
var (
	ErrAhead     = errors.New("the revision lies ahead")
	ErrCompacted = errors.New("the revision is compacted")
)

// HashKVs implements Changer.
func (c *client) HashKVs(ctx context.Context, revision int64) (map[string]HashKV, error) {
	hashes := map[string]HashKV{}
	for _, member := range c.members {
		endpoint := member.Endpoints()[0]
		hash, err := hashKV(ctx, member, endpoint, revision)
		if err != nil {
			return nil, err
		}
		hashes[endpoint] = hash
	}
	return hashes, nil
}

// HashKV asks the member at an endpoint for its hash at a revision. It reads
// all keys: ctx bounds it.
func (r *Reader) HashKV(ctx context.Context, endpoint string, revision int64) (HashKV, error) {
	return hashKV(ctx, r.members[endpoint], endpoint, revision)
}

func hashKV(ctx context.Context, member *clientv3.Client, endpoint string, revision int64) (HashKV, error) {
	resp, err := member.HashKV(ctx, endpoint, revision)
	switch {
	case errors.Is(err, rpctypes.ErrFutureRev):
		err = ErrAhead
	case errors.Is(err, rpctypes.ErrCompacted):
		err = ErrCompacted
	}
	if err != nil {
		return HashKV{}, fmt.Errorf("hash the keys up to revision %d on %s: %w", revision, endpoint, err)
	}
	return HashKV{Revision: revision, CompactRevision: resp.CompactRevision, Hash: resp.Hash}, nil
}

// Snapshot streams the database of the member at an endpoint, and the SHA-256
// of it at the end. Closing the stream ends it.
func (r *Reader) Snapshot(ctx context.Context, endpoint string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	resp, err := r.members[endpoint].SnapshotWithVersion(ctx)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("begin a snapshot on %s: %w", endpoint, err)
	}
	return &cancelling{resp.Snapshot, cancel}, nil
}

// cancelling ends the stream behind a reader too.
type cancelling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements io.Closer.
func (c *cancelling) Close() error {
	c.cancel()
	return c.ReadCloser.Close()
}
