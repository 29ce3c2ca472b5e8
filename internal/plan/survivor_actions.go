package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// AskForSurvivor makes the EtcdRestore that spec.quorumLoss asks for.
type AskForSurvivor struct{}

// Halt tells these members' agents to end etcd and not to start it, under a grant; with
// the empty one that is over.
type Halt struct {
	Members []etcd.MemberName
	Grant   string
}

// GiveUp deletes the claim and the pod of a member that counts as lost, while there is
// no quorum, so that it cannot come back once another one has survived it.
type GiveUp struct{ Name etcd.MemberName }

// Survive records the member, and tells it to become a cluster of its own.
type Survive struct {
	Name  etcd.MemberName
	ID    etcd.MemberID
	Grant string
	Log   control.LogPosition
}

// ForgetRestore forgets a restore from a survivor that nobody has become.
type ForgetRestore struct{ Name string }

func (AskForSurvivor) action() {}
func (Halt) action()           {}
func (GiveUp) action()         {}
func (Survive) action()        {}
func (ForgetRestore) action()  {}

func (AskForSurvivor) String() string { return "AskForSurvivor" }
func (a Halt) String() string {
	if a.Grant == "" {
		return "Halt " + join(a.Members) + " no more"
	}
	return "Halt " + join(a.Members)
}
func (a GiveUp) String() string { return "GiveUp " + string(a.Name) }
func (a Survive) String() string {
	return fmt.Sprintf("Survive %s %s at %d/%d", a.Name, a.ID, a.Log.Term, a.Log.Index)
}
func (a ForgetRestore) String() string { return "ForgetRestore " + a.Name }

func (a Halt) about() []etcd.MemberName    { return a.Members }
func (a GiveUp) about() []etcd.MemberName  { return []etcd.MemberName{a.Name} }
func (a Survive) about() []etcd.MemberName { return []etcd.MemberName{a.Name} }
