package plan

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/etcd"
)

// members says what is awaited of members that the cluster counts and that do
// not serve. Unknown is not dead: one that cannot be reached is left alone.
func members(w *world) *Decision {
	seats := slices.DeleteFunc(w.voters(), func(s seat) bool { return s.at == nil || s.at.Healthy() })
	if len(seats) == 0 {
		return nil
	}
	absent := make([]Member, len(seats))
	for i, s := range seats {
		absent[i] = *s.at
	}
	message := fmt.Sprintf("Quorum holds. Waiting for %s.%s", whys(absent), w.declarable(seats))
	if d := hindered(absent, message); d != nil {
		return d
	}
	return wait(ReasonMemberUnready, message)
}

// hindered answers members that will not come back before somebody does
// something: Kubernetes says what is missing, or the agent refuses to run.
func hindered(absent []Member, message string) *Decision {
	if reason := reasonOf(absent, ""); reason != "" {
		return blocked(reason, message)
	}
	if slices.ContainsFunc(absent, Member.refuses) {
		return blocked(ReasonMemberRefused, message)
	}
	return nil
}

func keep(ms []Member, pass func(Member) bool) []Member {
	var kept []Member
	for _, m := range ms {
		if pass(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

// steady says that all is as it shall be.
func steady(w *world) Decision {
	n := len(w.Etcd.Members.Voters())
	return Decision{Outcome: OutcomeSteady, Rule: "steady", Reason: ReasonSteady,
		Message: fmt.Sprintf("%d of %d voters serve; the cluster survives the loss of %d.", n, n, etcd.FaultTolerance(n))}
}
