package act

import (
	"context"
	"fmt"

	"github.com/quorate/quorate/internal/plan"
)

// addLearner adds a member for an empty volume that waits. One learner at a
// time, and never a second member at one peer URL.
func (a *Actor) addLearner(ctx context.Context, s *Situation, action plan.AddLearner) error {
	if want := peerURL(s, action.Name); action.PeerURL != want {
		return fmt.Errorf("the peer URL of %s is %s, not %s", action.Name, want, action.PeerURL)
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	members, err := a.list(ctx, s)
	if err != nil {
		return err
	}
	if m, ok := members.ByPeerURL(action.PeerURL); ok {
		return fmt.Errorf("the member list already shows %s at %s", m.ID, action.PeerURL)
	}
	if learners := members.Learners(); len(learners) > 0 {
		return fmt.Errorf("the member list still shows the learner %s", learners[0].ID)
	}
	if err := a.emptyVolume(ctx, s, action.Name, action.VolumeID); err != nil {
		return err
	}
	_, err = s.Etcd.AddLearner(ctx, action.PeerURL)
	return changed(err)
}
