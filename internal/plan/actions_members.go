package plan

import "github.com/quorate/quorate/internal/etcd"

// MembersOf returns the members that an action is about.
func MembersOf(a Action) []etcd.MemberName {
	if about, ok := a.(interface{ about() []etcd.MemberName }); ok {
		return about.about()
	}
	return nil
}

func (a Admit) about() []etcd.MemberName        { return a.Members }
func (a Confirm) about() []etcd.MemberName      { return a.Members }
func (a Discard) about() []etcd.MemberName      { return a.Members }
func (a Recreate) about() []etcd.MemberName     { return a.Members }
func (a Withdraw) about() []etcd.MemberName     { return a.Members }
func (a Welcome) about() []etcd.MemberName      { return a.Members }
func (a Drain) about() []etcd.MemberName        { return []etcd.MemberName{a.Name} }
func (a AddLearner) about() []etcd.MemberName   { return []etcd.MemberName{a.Name} }
func (a Join) about() []etcd.MemberName         { return []etcd.MemberName{a.Name} }
func (a Promote) about() []etcd.MemberName      { return []etcd.MemberName{a.Name} }
func (a MoveLeader) about() []etcd.MemberName   { return []etcd.MemberName{a.From} }
func (a RemoveMember) about() []etcd.MemberName { return []etcd.MemberName{a.Name} }
func (a Clear) about() []etcd.MemberName        { return []etcd.MemberName{a.Name} }
func (a DropPod) about() []etcd.MemberName      { return []etcd.MemberName{a.Name} }
func (a Restart) about() []etcd.MemberName      { return []etcd.MemberName{a.Name} }
func (a Adjust) about() []etcd.MemberName       { return []etcd.MemberName{a.Name} }
func (a Prepare) about() []etcd.MemberName      { return []etcd.MemberName{a.Name} }
func (a EndStep) about() []etcd.MemberName      { return []etcd.MemberName{a.Name} }
func (a Defragment) about() []etcd.MemberName   { return []etcd.MemberName{a.Name} }
