package act

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/quorate/quorate/internal/plan"
	"github.com/quorate/quorate/internal/resource"
)

// validate starts the pod that asks the image to come.
func (a *Actor) validate(ctx context.Context, s *Situation, action plan.Validate) error {
	if s.Next == nil {
		return fmt.Errorf("nothing has changed")
	}
	if err := a.intend(ctx, s, action); err != nil {
		return err
	}
	pod := resource.Validator(s.Cluster, action.Wanted, s.Next)
	err := a.Client.Create(ctx, pod, client.FieldOwner(FieldManager))
	if client.IgnoreAlreadyExists(err) != nil {
		return fmt.Errorf("start pod %s: %w", pod.Name, err)
	}
	return nil
}
