package plan

import (
	"fmt"
	"strings"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// Action is one of a closed set of things that act can do. Each is performed
// by internal/act, which re-checks its precondition on live state first.
type Action interface {
	// String names the action and its targets, for Events, logs and stories.
	String() string
	action()
}

// TakeCharge records this operator as the one that acts on the cluster.
type TakeCharge struct{}

// Issue mints or renews the named Secrets.
type Issue struct{ Secrets []string }

// Apply creates or repairs the named objects ("Kind/name").
type Apply struct{ Objects []string }

// Grant records a fresh token for these volumes: the right to form a cluster, with
// the data of a snapshot that lies on all of them where there is to be one.
type Grant struct {
	Members []BirthMember
	Restore *control.Restore
}

// Resume records a birth that the volumes remember and the object does not.
type Resume struct {
	Token   string
	Members []BirthMember
}

// Admit hands the recorded grant to the agents of these members.
type Admit struct{ Members []etcd.MemberName }

// RecordFormed records the cluster as formed, for ever.
type RecordFormed struct{ ClusterID etcd.ClusterID }

// Confirm tells the agents of these members that the cluster is formed, upon
// which they serve clients.
type Confirm struct {
	ClusterID etcd.ClusterID
	Members   []etcd.MemberName
}

// MarkVolumes annotates these claims with the cluster that lives on them.
type MarkVolumes struct {
	ClusterID etcd.ClusterID
	Claims    []string
}

// RecordDiscard records that the birth of these volumes under this token has
// failed.
type RecordDiscard struct {
	Token   string
	Members []BirthMember
}

// Discard tells these members' agents to wipe what the failed birth left.
type Discard struct {
	Token   string
	Members []etcd.MemberName
}

// Recreate deletes pods that were made from an older template and hold no
// voter: they never ran, refuse to, or no cluster was granted yet.
type Recreate struct{ Members []etcd.MemberName }

// ForgetBirth clears the record of a failed birth that left nothing behind.
type ForgetBirth struct{}

// Prune deletes objects of the cluster that shall not be there any more.
type Prune struct{ Objects []string }

// Resize sets how many pods the StatefulSet runs.
type Resize struct{ From, To int }

// RenewClaims makes the StatefulSet anew around its running pods, with the
// claim template that the spec asks for.
type RenewClaims struct{}

// GrowClaims asks for larger volumes.
type GrowClaims struct {
	Claims []string
	Size   int64 // bytes
}

// AddLearner adds a member to the member list, as a learner.
type AddLearner struct {
	Name     etcd.MemberName
	PeerURL  string
	VolumeID string // the empty volume that is going to bear it
}

// Join admits an empty volume as the learner that the member list shows as
// added and never started.
type Join struct {
	Name     etcd.MemberName
	ID       etcd.MemberID
	VolumeID string
}

// Promote makes a learner that has caught up a voter.
type Promote struct {
	Name etcd.MemberName
	ID   etcd.MemberID
}

// MoveLeader hands leadership from one voter to another.
type MoveLeader struct {
	From, To     etcd.MemberName
	FromID, ToID etcd.MemberID
}

// RemoveMember takes a member off the member list, for ever.
type RemoveMember struct {
	Name etcd.MemberName
	ID   etcd.MemberID
}

// Disarm ends the CORRUPT alarm of a member that was removed.
type Disarm struct{ ID etcd.MemberID }

// Withdraw takes members out of the client Service.
type Withdraw struct{ Members []etcd.MemberName }

// Drain tells the clients of a member that has left the client Service to
// connect anew, and so to another one.
type Drain struct{ Name etcd.MemberName }

// Welcome puts members back into the client Service.
type Welcome struct{ Members []etcd.MemberName }

// Clear deletes the claim and the pod of a member that the member list does
// not show, so that it begins again on an empty volume, or not at all.
type Clear struct{ Name etcd.MemberName }

// Validate asks the image that members would run whether it accepts what they
// would be started with.
type Validate struct{ Wanted string }

// FollowSpec makes the pods' template what the spec asks for. It restarts nobody:
// the pods that there are keep what they run.
type FollowSpec struct{ Wanted string }

// Adjust changes labels, annotations and resources of a pod as it runs.
type Adjust struct{ Name etcd.MemberName }

// Restart ends the pod of a member through the Eviction subresource, so that
// node drains and we never take two at once; the StatefulSet makes it anew.
type Restart struct {
	Name etcd.MemberName
	ID   etcd.MemberID
}

// DropPod deletes a pod by force whose node is confirmed absent.
type DropPod struct{ Name etcd.MemberName }

func (TakeCharge) action()    {}
func (Issue) action()         {}
func (Apply) action()         {}
func (Grant) action()         {}
func (Resume) action()        {}
func (Admit) action()         {}
func (RecordFormed) action()  {}
func (Confirm) action()       {}
func (MarkVolumes) action()   {}
func (RecordDiscard) action() {}
func (Discard) action()       {}
func (Recreate) action()      {}
func (ForgetBirth) action()   {}
func (Prune) action()         {}
func (Resize) action()        {}
func (RenewClaims) action()   {}
func (GrowClaims) action()    {}
func (AddLearner) action()    {}
func (Join) action()          {}
func (Promote) action()       {}
func (MoveLeader) action()    {}
func (RemoveMember) action()  {}
func (Disarm) action()        {}
func (Withdraw) action()      {}
func (Drain) action()         {}
func (Welcome) action()       {}
func (Clear) action()         {}
func (DropPod) action()       {}
func (FollowSpec) action()    {}
func (Validate) action()      {}
func (Restart) action()       {}
func (Adjust) action()        {}

func (TakeCharge) String() string { return "TakeCharge" }
func (a Issue) String() string    { return "Issue " + strings.Join(a.Secrets, ", ") }
func (a Apply) String() string    { return "Apply " + strings.Join(a.Objects, ", ") }
func (a Grant) String() string {
	if a.Restore != nil {
		how := "exactly "
		if a.Restore.BumpRevisions > 0 {
			how = ""
		}
		return fmt.Sprintf("Grant %s with %s%.8s", volumes(a.Members), how, a.Restore.SHA256)
	}
	return "Grant " + volumes(a.Members)
}
func (a Resume) String() string       { return "Resume " + a.Token + " " + volumes(a.Members) }
func (a Admit) String() string        { return "Admit " + join(a.Members) }
func (a RecordFormed) String() string { return "RecordFormed " + a.ClusterID.String() }
func (a Confirm) String() string {
	return "Confirm " + a.ClusterID.String() + " to " + join(a.Members)
}
func (a MarkVolumes) String() string {
	return "MarkVolumes " + a.ClusterID.String() + " on " + strings.Join(a.Claims, ", ")
}
func (a RecordDiscard) String() string { return "RecordDiscard " + a.Token + " " + volumes(a.Members) }
func (a Discard) String() string       { return "Discard " + a.Token + " on " + join(a.Members) }
func (a Recreate) String() string      { return "Recreate " + join(a.Members) }
func (ForgetBirth) String() string     { return "ForgetBirth" }
func (a Prune) String() string         { return "Prune " + strings.Join(a.Objects, ", ") }
func (a Resize) String() string        { return fmt.Sprintf("Resize from %d to %d", a.From, a.To) }
func (RenewClaims) String() string     { return "RenewClaims" }
func (a GrowClaims) String() string {
	return fmt.Sprintf("GrowClaims to %s: %s", bytes(a.Size), strings.Join(a.Claims, ", "))
}
func (a AddLearner) String() string {
	return fmt.Sprintf("AddLearner %s on volume %s", a.Name, a.VolumeID)
}
func (a Join) String() string {
	return fmt.Sprintf("Join %s as %s on volume %s", a.Name, a.ID, a.VolumeID)
}
func (a Promote) String() string { return fmt.Sprintf("Promote %s %s", a.Name, a.ID) }
func (a MoveLeader) String() string {
	return fmt.Sprintf("MoveLeader from %s %s to %s %s", a.From, a.FromID, a.To, a.ToID)
}
func (a RemoveMember) String() string { return fmt.Sprintf("RemoveMember %s %s", a.Name, a.ID) }
func (a Disarm) String() string       { return "Disarm " + a.ID.String() }
func (a Withdraw) String() string     { return "Withdraw " + join(a.Members) }
func (a Drain) String() string        { return "Drain " + string(a.Name) }
func (a Welcome) String() string      { return "Welcome " + join(a.Members) }
func (a Clear) String() string        { return "Clear " + string(a.Name) }
func (a DropPod) String() string      { return "DropPod " + string(a.Name) }
func (a FollowSpec) String() string   { return "FollowSpec " + a.Wanted }
func (a Validate) String() string     { return "Validate " + a.Wanted }
func (a Adjust) String() string       { return "Adjust " + string(a.Name) }
func (a Restart) String() string      { return fmt.Sprintf("Restart %s %s", a.Name, a.ID) }

// Live reports whether an action changes the membership, or destroys
// something: before it is done the cluster is observed anew from the API server
// itself, and the planner must decide the same again.
func Live(a Action) bool {
	switch a.(type) {
	case Resize, RenewClaims, AddLearner, Join, Promote, MoveLeader, RemoveMember, Disarm, Withdraw, Clear, DropPod, Prune, FollowSpec, Restart, Downgrade, CancelDowngrade, Compact, Defragment, DisarmNoSpace, Rotate,
		BeginRestore, Supersede, SwitchEpoch, RecordEpoch, TakeBack, CompleteRestore, DropVolumes:
		return true
	default:
		return false
	}
}

// Name returns the action's name without its targets.
func Name(a Action) string {
	name, _, _ := strings.Cut(a.String(), " ")
	return name
}

func join(names []etcd.MemberName) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	return strings.Join(parts, ", ")
}

func volumes(members []BirthMember) string {
	parts := make([]string, len(members))
	for i, m := range members {
		parts[i] = fmt.Sprintf("%s=%s", m.Name, m.VolumeID)
	}
	return strings.Join(parts, ", ")
}
