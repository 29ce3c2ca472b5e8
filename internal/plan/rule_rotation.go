package plan

import "fmt"

// Rotation is the replacement of a cluster's authorities by new ones.
type Rotation struct {
	// Name tells it from earlier ones.
	Name string
	// Stage is how far all authorities have come.
	Stage RotationStage
	// Lagging: a step was cut short, and some authorities have come further.
	Lagging bool
	// Until is how long clients have to take what is new, RFC 3339; empty when
	// that is over.
	Until string
}

// RotationStage is a stage of a rotation; the last is the end of it.
type RotationStage string

const (
	RotationNotBegun  RotationStage = "NotBegun"
	RotationAnnounced RotationStage = "Announced"
	RotationRetiring  RotationStage = "Retiring"
	RotationOver      RotationStage = "Rotated"
)

// Rotate takes the authorities one stage further.
type Rotate struct {
	Name string
	From RotationStage
}

func (Rotate) action() {}

func (a Rotate) String() string { return fmt.Sprintf("Rotate %s from %s", a.Name, a.From) }

// under reports whether a rotation was begun and is not over.
func (r *Rotation) under() bool {
	return r != nil && (r.Stage == RotationAnnounced || r.Stage == RotationRetiring)
}

// turning ends a step that was cut short, before anybody is told of the half of it
// that was done: members would restart for each half.
func turning(w *world) *Decision {
	r := w.Certificates.Rotation
	if r == nil || !r.Lagging || !w.Remembers() {
		return nil
	}
	for _, s := range w.voters() {
		if s.at == nil || s.at.Trust != TrustLoaded {
			return nil
		}
	}
	return act(Rotate{r.Name, r.Stage}, ReasonRotating, rotationStep(r))
}

// rotation replaces the authorities: the new ones are trusted beside the old, then
// sign, then are trusted alone. Each stage begins once every member has loaded
// the one before; the restarts for that are a rollout.
func rotation(w *world) *Decision {
	r := w.Certificates.Rotation
	if r == nil || !w.Remembers() || r.Stage == RotationOver {
		return nil
	}
	if learners := w.learners(); len(learners) > 0 {
		return nil // seen through first
	}
	if unfit := w.unfit(seat{}); len(unfit) > 0 {
		return awaitSeats(unfit, troubleOr(unfit, ReasonRotating), fmt.Sprintf("The certificate authorities are being replaced (%s), once every voter serves and has caught up. Waiting for %s.", r.Name, w.fitness(unfit)))
	}
	for _, s := range w.voters() {
		if s.at.Trust == "" {
			return blocked(ReasonRotating, fmt.Sprintf("The certificate authorities are to be replaced (%s), and the agent of %s, of an older release, does not tell whom it trusts. Nothing is replaced before. Restart that pod: kubectl delete pod %s.", r.Name, s, s.at.Name))
		}
	}
	if r.Stage != RotationNotBegun {
		for _, s := range w.voters() {
			if s.at.Trust != TrustLoaded {
				return wait(ReasonRotating, fmt.Sprintf("The certificate authorities are being replaced (%s). Waiting until %s has the present bundle, which its node brings within two minutes.", r.Name, s))
			}
		}
	}
	if r.Until != "" {
		return nil // the conditions tell
	}
	return act(Rotate{r.Name, r.Stage}, ReasonRotating, rotationStep(r))
}

func rotationStep(r *Rotation) string {
	switch r.Stage {
	case RotationNotBegun:
		return fmt.Sprintf("The certificate authorities are being replaced (%s): new ones are made, and trusted beside those that sign.", r.Name)
	case RotationAnnounced:
		return fmt.Sprintf("The certificate authorities are being replaced (%s): everybody trusts the new ones, which sign from now on.", r.Name)
	default:
		return fmt.Sprintf("The certificate authorities are being replaced (%s): all certificates are from the new ones, and the old are not trusted any more.", r.Name)
	}
}
