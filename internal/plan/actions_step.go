package plan

import "github.com/quorate/quorate/internal/etcd"

// Prepare has a member find out whether another release line can read its data,
// mend what that could not, and keep a snapshot of its database on the volume.
type Prepare struct {
	Name etcd.MemberName
	To   string // release line
}

// EndStep ends what was prepared, and deletes the snapshot that was kept.
type EndStep struct{ Name etcd.MemberName }

// Downgrade tells etcd that the cluster goes back to a release line.
type Downgrade struct{ To string }

// CancelDowngrade tells etcd that it does not.
type CancelDowngrade struct{ To string }

func (Prepare) action()         {}
func (EndStep) action()         {}
func (Downgrade) action()       {}
func (CancelDowngrade) action() {}

func (a Prepare) String() string         { return "Prepare " + string(a.Name) + " for " + a.To }
func (a EndStep) String() string         { return "EndStep " + string(a.Name) }
func (a Downgrade) String() string       { return "Downgrade to " + a.To }
func (a CancelDowngrade) String() string { return "CancelDowngrade to " + a.To }
