package plan

import (
	"fmt"

	"github.com/quorate/quorate/internal/etcd"
)

// Compact drops the history of all keys before a revision.
type Compact struct{ Revision int64 }

// Defragment has a member copy its database without the free pages.
type Defragment struct {
	Name etcd.MemberName
	ID   etcd.MemberID
}

// DisarmNoSpace ends the NOSPACE alarms of these members, so that etcd writes
// again.
type DisarmNoSpace struct{ IDs []etcd.MemberID }

func (Compact) action()       {}
func (Defragment) action()    {}
func (DisarmNoSpace) action() {}

func (a Compact) String() string       { return fmt.Sprintf("Compact to revision %d", a.Revision) }
func (a Defragment) String() string    { return fmt.Sprintf("Defragment %s %s", a.Name, a.ID) }
func (a DisarmNoSpace) String() string { return "DisarmNoSpace " + ids(a.IDs) }

func ids(of []etcd.MemberID) string {
	var out string
	for i, id := range of {
		if i > 0 {
			out += ", "
		}
		out += id.String()
	}
	return out
}
