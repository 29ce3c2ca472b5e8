package sim

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/quorate/quorate/internal/etcd"
	"github.com/quorate/quorate/internal/plan"
)

// order is an action in a form that can be compared and delivered later, with
// what it was decided on: act compares UIDs.
type order struct {
	kind     kind
	at       int8 // ordinal
	id       uint8
	volume   uint8
	claimUID uint8
	podUID   uint8
	to       ref   // MoveLeader
	number   int8  // Resize, RenewClaims: pods
	from     int8  // Resize: pods
	members  uint8 // by bit: those that are still to do
	step     int8  // of an action with several effects
	config   uint8 // FollowSpec, RenewClaims: what the template follows then
}

type kind uint8

const (
	nothing kind = iota
	apply
	confirm
	markVolumes
	resize
	renewClaims
	growClaims
	addLearner
	joinMember
	promote
	moveLeader
	removeMember
	disarm
	withdraw
	drain
	welcomeBack
	clearMember
	dropPod
	followSpec
	recreate
	restart
	validate
	defragment
	nudge
	issue
	rotate
)

var kindNames = [...]string{
	"nothing", "Apply", "Confirm", "MarkVolumes", "Resize", "RenewClaims", "GrowClaims", "AddLearner", "Join", "Promote",
	"MoveLeader", "RemoveMember", "Disarm", "Withdraw", "Drain", "Welcome", "Clear", "DropPod",
	"FollowSpec", "Recreate", "Restart", "Validate", "Defragment", "Nudge", "Issue", "Rotate",
}

// String names an order without the numbers that change as worlds are renumbered.
func (o order) String() string {
	switch {
	case o.kind == nothing:
		return "nothing"
	case o.kind == resize:
		return fmt.Sprintf("Resize to %d", o.number)
	case o.kind == moveLeader:
		return fmt.Sprintf("MoveLeader from demo-%d to demo-%d", o.at, o.to.ordinal)
	case slices.Contains([]kind{disarm, renewClaims, apply, followSpec, validate, issue, rotate}, o.kind):
		return kindNames[o.kind]
	case o.members != 0:
		var of []string
		for i := range ordinals {
			if o.members&(1<<i) != 0 {
				of = append(of, string(names[i]))
			}
		}
		return kindNames[o.kind] + " " + strings.Join(of, ", ")
	default:
		return fmt.Sprintf("%s demo-%d", kindNames[o.kind], o.at)
	}
}

// order turns an action that was decided into an order. What act is going to
// compare is what the operator saw.
func (w *World) order(a plan.Action, live bool) order {
	o := order{kind: kind(slices.Index(kindNames[:], plan.Name(a)))} //nolint:gosec // an index of a short list
	switch a := a.(type) {
	case plan.Apply, plan.RenewClaims:
		o.number, o.config = w.set.replicas, w.set.config
	case plan.Issue:
	case plan.Rotate:
		o.config = w.authorities.stage
	case plan.FollowSpec, plan.Validate:
		o.config = w.spec.config
	case plan.Resize:
		o.from, o.number = int8(a.From), int8(a.To) //nolint:gosec // at most ordinals
	case plan.GrowClaims:
		o.members, o.number = maskOf(a.Claims), int8(a.Size) //nolint:gosec // a small number
	case plan.MarkVolumes:
		o.members = maskOf(a.Claims)
	case plan.Confirm, plan.Withdraw, plan.Welcome, plan.Recreate:
		o.members = maskOf(plan.MembersOf(a))
	case plan.AddLearner, plan.Clear, plan.DropPod, plan.Drain, plan.Nudge:
		o.at = ordinal(plan.MembersOf(a)[0])
	case plan.Join:
		o.at, o.id, o.volume = ordinal(a.Name), refOf(a.ID).id, volumeNumber(a.VolumeID)
	case plan.Promote:
		o.at, o.id = ordinal(a.Name), refOf(a.ID).id
	case plan.RemoveMember:
		o.at, o.id = ordinal(a.Name), refOf(a.ID).id
	case plan.Restart:
		o.at, o.id = ordinal(a.Name), refOf(a.ID).id
	case plan.Defragment:
		o.at, o.id = ordinal(a.Name), refOf(a.ID).id
	case plan.Disarm:
		o.at, o.id = refOf(a.ID).ordinal, refOf(a.ID).id
	case plan.MoveLeader:
		o.at, o.id, o.to = ordinal(a.From), refOf(a.FromID).id, refOf(a.ToID)
	default:
		panic("a formed cluster has no use for " + a.String())
	}
	return w.addressed(o, live)
}

// addressed notes whom an order is for, as the operator sees them.
func (w *World) addressed(o order, live bool) order {
	single := o.members != 0 && o.members&(o.members-1) == 0
	if single {
		o.at = int8(bits.TrailingZeros8(o.members)) //nolint:gosec // at most ordinals
	}
	if single || slices.Contains([]kind{clearMember, dropPod, drain, restart, defragment}, o.kind) {
		n := w.seen(int(o.at), live)
		o.claimUID, o.podUID = n.claimUID, n.podUID
	}
	return o
}

// fleeting reports whether an order cannot still be on its way once others have
// acted: what several are told, and what carries the resourceVersion of a
// StatefulSet, whose status changes with its pods, or that of the record.
func (o order) fleeting() bool {
	return o.several() || o.kind == resize || o.kind == renewClaims || o.kind == followSpec || o.kind == joinMember && o.step == 0
}

// several reports whether an order is for more than one member.
func (o order) several() bool { return o.members != 0 && o.podUID == 0 && o.claimUID == 0 }

func ordinal(name etcd.MemberName) int8 {
	return int8(slices.Index(names[:], name)) //nolint:gosec // an index of a short list
}

// maskOf finds the members that are named, or whose claims are.
func maskOf[S ~string](all []S) (mask uint8) {
	for _, s := range all {
		for i := range ordinals {
			if string(s) == string(names[i]) || string(s) == claimNames[i] {
				mask |= 1 << i
			}
		}
	}
	return mask
}

func volumeNumber(id string) (number uint8) {
	var at int
	_, _ = fmt.Sscanf(id, "volume-%d.%d", &at, &number)
	return number
}
