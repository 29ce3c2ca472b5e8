package act

import (
	"context"
	"fmt"
	"maps"

	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/plan"
)

// stages are pki's, by the planner's names.
var stages = map[plan.RotationStage]pki.Stage{
	plan.RotationNotBegun: pki.NotBegun, plan.RotationAnnounced: pki.Announced, plan.RotationRetiring: pki.Retiring,
}

// rotate takes each authority one stage further, from what its Secret holds at
// this moment. One that has come further already stays.
func (a *Actor) rotate(ctx context.Context, s *Situation, action plan.Rotate) error {
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	from, ok := stages[action.From]
	if !ok {
		return fmt.Errorf("no rotation goes on from %s", action.From)
	}
	contents, live, err := a.readSecrets(ctx, s)
	if err != nil {
		return err
	}
	if now := s.PKI.Stage(contents, action.Name); now != from {
		return fmt.Errorf("%w: the rotation has come to %s", ErrNotYet, now)
	}
	for _, kind := range s.PKI.Kinds() {
		if !kind.IsCA() {
			continue
		}
		turned, err := pki.Turn(s.PKI, kind, from, action.Name, contents, a.Now())
		if err != nil {
			return err
		}
		if maps.EqualFunc(turned, contents[kind], func(x, y []byte) bool { return string(x) == string(y) }) {
			continue
		}
		if err := a.writeSecret(ctx, s.Cluster, kind, turned, live[kind]); err != nil {
			return err
		}
	}
	return nil
}
