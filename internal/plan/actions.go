package plan

import (
	"fmt"
	"strings"

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

// Grant records a fresh token for these volumes: the right to form a cluster.
type Grant struct{ Members []BirthMember }

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

func (TakeCharge) String() string     { return "TakeCharge" }
func (a Issue) String() string        { return "Issue " + strings.Join(a.Secrets, ", ") }
func (a Apply) String() string        { return "Apply " + strings.Join(a.Objects, ", ") }
func (a Grant) String() string        { return "Grant " + volumes(a.Members) }
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

// MembersOf returns the members that an action is about.
func MembersOf(a Action) []etcd.MemberName {
	switch a := a.(type) {
	case Admit:
		return a.Members
	case Confirm:
		return a.Members
	case Discard:
		return a.Members
	case Recreate:
		return a.Members
	default:
		return nil
	}
}
