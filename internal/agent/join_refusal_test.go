package agent

import (
	"context"
	"slices"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

// A second join that is the same changes nothing; any other is refused.
func TestJoinRefusals(t *testing.T) {
	t.Parallel()
	voter, p, good := learner(t, plain)
	p.start()
	good.VolumeID = p.report().Volume.ID
	send := func(change func(*control.JoinRequest)) error {
		req := good
		req.Members = slices.Clone(good.Members)
		change(&req)
		_, err := p.control().Join(t.Context(), req)
		return err
	}
	self := slices.IndexFunc(good.Members, func(m control.Peer) bool { return m.PeerURL == p.config.PeerURL })
	if self < 0 || good.Members[self].Name != "" {
		t.Fatalf("a learner that never started has no name yet: %+v", good.Members)
	}
	for says, change := range map[string]func(*control.JoinRequest){
		"This volume is":           func(r *control.JoinRequest) { r.VolumeID = "another" },
		"needs the cluster's ID":   func(r *control.JoinRequest) { r.ClusterID = 0 },
		"needs the cluster's ID a": func(r *control.JoinRequest) { r.MemberID = 0 },
		"does not name demo-1":     func(r *control.JoinRequest) { r.Members = slices.Delete(r.Members, self, self+1) },
		"does not name demo-1 at":  func(r *control.JoinRequest) { r.Members[self].PeerURL = "http://elsewhere:2380" },
		"does not name demo-1 at ": func(r *control.JoinRequest) { r.Members[self].Name = "demo-7" },
		"does not":                 func(r *control.JoinRequest) { r.Members = nil },
	} {
		refusedWith(t, send(change), says)
	}
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Volume.Contents != control.ContentsEmpty {
		t.Fatalf("a refused admission left its mark: %+v", r)
	}
	must(t, send(func(*control.JoinRequest) {}))
	must(t, send(func(*control.JoinRequest) {}))
	must(t, send(func(r *control.JoinRequest) { r.Members[self].Name = "demo-1"; slices.Reverse(r.Members) }))
	refusedWith(t, send(func(r *control.JoinRequest) { r.MemberID++ }), "cannot become another")
	refusedWith(t, send(func(r *control.JoinRequest) { r.ClusterID++ }), "cannot become another")
	_, err := p.admit("token", []control.Peer{p.peer()})
	refusedWith(t, err, "formed cluster")
	_, err = p.control().Discard(t.Context(), control.DiscardRequest{VolumeID: good.VolumeID})
	refusedWith(t, err, "formed cluster")
	promote(t, []*pod{voter}, good.MemberID)
	must(t, send(func(*control.JoinRequest) {}))

	founder := good
	founder.MemberID = voter.report().Etcd.MemberID
	founder.Members = []control.Peer{voter.peer()}
	_, err = voter.join(founder)
	refusedWith(t, err, "birth of cluster")
}

// A volume with data that nobody admitted is not wiped to make room.
func TestJoinLeavesForeignDataAlone(t *testing.T) {
	t.Parallel()
	_, p, req := learner(t, plain)
	p.record(req, true)
	must(t, p.layout().layLearner(control.Admission{ClusterID: 1, MemberID: 2}, p.log))
	must(t, volumeRecord{ID: "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11"}.write(p.layout()))
	p.start()
	_, err := p.join(req)
	refusedWith(t, err, "never admitted")
	if disk, _ := Inspect(p.config.Dir); disk.Log.MemberID != 2 {
		t.Errorf("the data is gone: %+v", disk)
	}
}

func TestJoinThatCannotBeRecordedStartsNothing(t *testing.T) {
	t.Parallel()
	voter, p, req := learner(t, plain)
	p.start()
	obstruct(t, p, func() {
		_, err := p.join(req)
		refusedWith(t, err, "cannot be recorded")
		if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Volume.Contents != control.ContentsEmpty {
			t.Fatalf("after the refused admission: %+v", r)
		}
	})
	_, err := p.join(req)
	must(t, err)
	promote(t, []*pod{voter}, req.MemberID)
}

// The members that a CORRUPT alarm names are said; other alarms name nobody.
func TestCorruptMembersAreNamed(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	form(t, []*pod{p})
	raise := func(kind etcdserverpb.AlarmType, member etcd.MemberID) {
		t.Helper()
		api := etcdserverpb.NewMaintenanceClient(p.etcd().ActiveConnection())
		_, err := api.Alarm(context.Background(), &etcdserverpb.AlarmRequest{
			Action: etcdserverpb.AlarmRequest_ACTIVATE, Alarm: kind, MemberID: uint64(member)})
		must(t, err)
	}
	raise(etcdserverpb.AlarmType_NOSPACE, 7)
	if r := p.report(); r.Etcd.Corrupt != nil || !slices.Equal(r.Etcd.Alarms, []string{"NOSPACE"}) {
		t.Errorf("got %+v", r.Etcd)
	}
	raise(etcdserverpb.AlarmType_CORRUPT, 9)
	raise(etcdserverpb.AlarmType_CORRUPT, 3)
	if r := p.report(); !slices.Equal(r.Etcd.Corrupt, []etcd.MemberID{3, 9}) || p.ready() {
		t.Errorf("got %+v", r.Etcd)
	}
}
