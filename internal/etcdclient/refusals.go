package etcdclient

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	errNobodyAnswers = errors.New("no voter answers")
	errNotLeading    = errors.New("it does not answer as the leader")
)

// passing are the refusals that pass by themselves: members that have not been
// connected for five seconds, a learner that is behind, an election.
var passing = []error{
	errNobodyAnswers, errNotLeading, context.DeadlineExceeded, context.Canceled,
	rpctypes.ErrUnhealthy, rpctypes.ErrMemberNotEnoughStarted, rpctypes.ErrMemberLearnerNotReady, rpctypes.ErrTooManyLearners,
	rpctypes.ErrNoLeader, rpctypes.ErrNotLeader, rpctypes.ErrLeaderChanged, rpctypes.ErrStopped,
	rpctypes.ErrTimeout, rpctypes.ErrTimeoutDueToLeaderFail, rpctypes.ErrTimeoutDueToConnectionLost, rpctypes.ErrTimeoutWaitAppliedIndex,
	rpctypes.Error(rpctypes.ErrGRPCNotSupportedForLearner),
}

// moved are the refusals of what is already so, or has just become otherwise.
var moved = []error{rpctypes.ErrPeerURLExist, rpctypes.ErrMemberExist, rpctypes.ErrMemberNotFound, rpctypes.ErrMemberNotLearner}

// slowTransfer is all that etcd says when no new leader was seen in time.
const slowTransfer = "leader transfer took too long"

// NotYet reports whether etcd refuses only for now. That holds too when the
// member list is not what it was when the change was decided: whoever looks
// again sees what is left to do.
func NotYet(err error) bool {
	if err == nil {
		return false
	}
	is := func(target error) bool { return errors.Is(err, target) }
	if slices.ContainsFunc(passing, is) || slices.ContainsFunc(moved, is) || strings.Contains(err.Error(), slowTransfer) {
		return true
	}
	var said interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &said) {
		return false
	}
	code := said.GRPCStatus().Code()
	return code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Canceled
}

// saidByEtcd reports whether an error is a server's own word.
func saidByEtcd(err error) bool {
	var said rpctypes.EtcdError
	return errors.As(err, &said)
}
