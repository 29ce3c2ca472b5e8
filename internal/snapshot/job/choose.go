package job

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/etcdclient"
)

// caughtUp is how many entries behind the newest log a member may be that is
// read, in place of the leader.
const caughtUp = 1000

// choose finds the member to read: the follower that is least behind; the
// leader only where no other voter will do; never a learner. Without a quorum
// it is the voter with the newest log, if survivor allows that.
func choose(ctx context.Context, source Source, clusterID string, survivor bool) (etcdclient.MemberStatus, error) {
	statuses, err := source.Statuses(ctx)
	if err != nil {
		return etcdclient.MemberStatus{}, fail(NoMember, err, "choose a member to read")
	}
	list, quorum := source.Members(ctx)
	if quorum != nil && !survivor {
		return etcdclient.MemberStatus{}, fail(NoQuorum, quorum, "the cluster has no quorum: %d of its members answer; recover it, or ask for what a survivor has", len(statuses))
	}
	voters := readable(statuses, list, quorum == nil)
	if len(voters) == 0 {
		return etcdclient.MemberStatus{}, fail(NoMember, nil, "choose a member to read: none of the %d that answer is a voter with a database that can be relied on", len(statuses))
	}
	for _, v := range voters {
		if clusterID != "" && v.ClusterID.String() != clusterID {
			return etcdclient.MemberStatus{}, fail(WrongCluster, nil, "cluster %s answers at %s, and the backup is of cluster %s", v.ClusterID, v.Endpoint, clusterID)
		}
	}
	if quorum != nil {
		return newest(voters), nil
	}
	return leastDisturbed(voters), nil
}

// readable are the voters that answer and are not said to be corrupt, with
// their names.
func readable(statuses []etcdclient.MemberStatus, list etcdclient.MemberList, listed bool) []etcdclient.MemberStatus {
	var voters []etcdclient.MemberStatus
	for _, s := range statuses {
		if s.IsLearner || corrupt(s) {
			continue
		}
		if listed {
			member, ok := list.Members.ByID(s.ID)
			// Another cluster at one of the addresses is found out by its ID.
			if s.ClusterID == list.ClusterID && (!ok || member.IsLearner || s.Leader == 0) {
				continue
			}
			s.Name = member.Name
		}
		voters = append(voters, s)
	}
	return voters
}

// corrupt is true where an alarm says so of this member, or of nobody.
func corrupt(s etcdclient.MemberStatus) bool {
	return slices.ContainsFunc(s.Problems, func(problem string) bool {
		return strings.Contains(problem, "CORRUPT") && (strings.Contains(problem, fmt.Sprint(uint64(s.ID))) || !strings.Contains(problem, "memberID"))
	})
}

func leastDisturbed(voters []etcdclient.MemberStatus) etcdclient.MemberStatus {
	last := newest(voters).Index
	best, leader := -1, 0
	for i, v := range voters {
		if v.ID == v.Leader {
			leader = i
			continue
		}
		if v.Applied+caughtUp >= last && (best < 0 || v.Applied > voters[best].Applied) {
			best = i
		}
	}
	if best >= 0 {
		return voters[best]
	}
	return voters[leader]
}

// newest has the log that a survivor is chosen by.
func newest(voters []etcdclient.MemberStatus) etcdclient.MemberStatus {
	return slices.MaxFunc(voters, func(a, b etcdclient.MemberStatus) int {
		switch {
		case a.Term != b.Term:
			return compare(a.Term, b.Term)
		case a.Index != b.Index:
			return compare(a.Index, b.Index)
		}
		return compare(uint64(b.ID), uint64(a.ID))
	})
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
