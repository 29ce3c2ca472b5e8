package agent

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/etcd"
)

func TestThreeMembersAreBornOverTheControlProtocol(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3)
	for _, p := range pods {
		r := p.report()
		if r.State != control.StateWaiting || r.Volume.Contents != control.ContentsEmpty || r.Volume.ID == "" || r.Etcd != nil {
			t.Fatalf("before admission: %+v", r)
		}
	}
	began := time.Now()
	bear(t, pods, "token")
	t.Logf("admission to all running: %v", time.Since(began))
	for _, p := range pods {
		r := p.report()
		if got, want := r.Etcd.ClusterID, r.Volume.Admission.ClusterID; got != want {
			t.Errorf("etcd says cluster %s, the admission %s", got, want)
		}
		if got, want := r.Etcd.MemberID, r.Volume.Admission.MemberID; got != want {
			t.Errorf("etcd says member %s, the admission %s", got, want)
		}
		if p.ready() {
			t.Errorf("%s is ready before the cluster is confirmed as formed", p.config.Name)
		}
	}
	for _, p := range pods {
		_, err := p.formed()
		must(t, err)
		waitFor(t, "readiness", p.ready)
	}
	checkAgreement(t, pods)
	restartsByItself(t, pods)
}

// checkAgreement holds the members to one view of the cluster.
func checkAgreement(t *testing.T, pods []*pod) {
	t.Helper()
	_, err := etcdClient(t, pods[0].as, pods...).Put(t.Context(), "k", "v")
	must(t, err)
	list, err := pods[0].etcd().MemberList(t.Context())
	must(t, err)
	if len(list.Members) != len(pods) {
		t.Fatalf("members: %v", list.Members)
	}
	for _, m := range list.Members {
		if m.Name == "" || m.IsLearner || len(m.ClientURLs) != 1 {
			t.Errorf("member %v", m)
		}
	}
	var hashes []uint32
	for _, p := range pods {
		c := p.etcd()
		waitFor(t, "the write", func() bool { r := p.report(); return r.Etcd != nil && r.Etcd.Revision == 2 })
		h, err := c.HashKV(t.Context(), p.config.ClientURL, 2)
		must(t, err)
		hashes = append(hashes, h.Hash)
	}
	for _, h := range hashes {
		if h != hashes[0] {
			t.Errorf("hashes differ: %v", hashes)
		}
	}
}

// restartsByItself stops all members and starts them again, with no operator.
func restartsByItself(t *testing.T, pods []*pod) {
	t.Helper()
	ids := map[etcd.MemberName]etcd.MemberID{}
	for _, p := range pods {
		ids[p.config.Name] = p.report().Etcd.MemberID
	}
	for _, p := range pods {
		must(t, p.stop())
	}
	for _, p := range pods {
		p.start()
	}
	for _, p := range pods {
		waitFor(t, "readiness after a restart", p.ready)
		if got := p.report(); got.Etcd.MemberID != ids[p.config.Name] || got.State != control.StateRunning {
			t.Errorf("after a restart: %+v", got)
		}
	}
}

func TestBirthOfOne(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1, plain)[0]
	began := time.Now()
	form(t, []*pod{p})
	t.Logf("admission to ready: %v", time.Since(began))
}

// A second admission that is the same changes nothing; any other is refused.
func TestAdmission(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	p := pods[0]
	volume := p.report().Volume.ID
	send := func(req control.AdmitRequest) error {
		_, err := p.control().Admit(t.Context(), req)
		return err
	}
	good := control.AdmitRequest{VolumeID: volume, Token: "one", Members: peersOf(pods)}
	turned := control.AdmitRequest{VolumeID: volume, Token: "one", Members: []control.Peer{good.Members[2], good.Members[0], good.Members[1]}}

	refusedWith(t, send(control.AdmitRequest{VolumeID: "another", Token: "one", Members: good.Members}), "This volume is "+volume)
	refusedWith(t, send(control.AdmitRequest{VolumeID: volume, Members: good.Members}), "no token")
	refusedWith(t, send(control.AdmitRequest{VolumeID: volume, Token: "one", Members: good.Members[1:]}), "do not include")
	refusedWith(t, send(control.AdmitRequest{VolumeID: volume, Token: "one",
		Members: []control.Peer{{Name: p.config.Name, PeerURL: "http://elsewhere:2380"}}}), "another peer URL")
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil {
		t.Fatalf("a refused admission left its mark: %+v", r)
	}
	must(t, send(good))
	must(t, send(good))
	must(t, send(turned))
	refusedWith(t, send(control.AdmitRequest{VolumeID: volume, Token: "two", Members: good.Members}), "another token")
	refusedWith(t, send(control.AdmitRequest{VolumeID: volume, Token: "one", Members: good.Members[:1]}), "other members")
	bear(t, pods, "one")
	_, err := p.control().Formed(t.Context(), control.FormedRequest{VolumeID: volume, ClusterID: 1})
	refusedWith(t, err, "not to 1")
	for range 2 {
		_, err = p.formed()
		must(t, err)
	}
	refusedWith(t, send(good), "formed cluster")
}

func refusedWith(t *testing.T, err error, says string) {
	t.Helper()
	var refused *control.Refusal
	if !errors.As(err, &refused) || !strings.Contains(refused.Message, says) {
		t.Errorf("got %v, want a refusal that says %q", err, says)
	}
}

// What a kill within etcd's own first start would leave counts as empty, until
// the same admission makes it a member.
func TestUnbornIsAdmittedAgain(t *testing.T) {
	t.Parallel()
	as := newAuthorities(t)
	p := newPod(t, as, "demo-0")
	plain(&p.config)
	admission, err := identify("demo-0", "token", []control.Peer{p.peer()})
	must(t, err)
	must(t, volumeRecord{ID: "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11", Admission: &admission}.write(p.layout()))
	metadataOnly(t, p.layout(), admission)
	p.start()
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Contents != control.ContentsUnborn || r.Volume.Admission == nil {
		t.Fatalf("got %+v", r)
	}
	_, err = p.formed()
	refusedWith(t, err, "not born yet")
	_, err = p.admit("other", []control.Peer{p.peer()})
	refusedWith(t, err, "another token")
	form2(t, p, "token")
}

func form2(t *testing.T, p *pod, token string) {
	t.Helper()
	bear(t, []*pod{p}, token)
	_, err := p.formed()
	must(t, err)
	waitFor(t, "readiness", p.ready)
}

// A birth without a quorum is discarded and begun anew under another token.
func TestDiscard(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	p := pods[0]
	volume := p.report().Volume.ID
	discard := func(token string) error {
		_, err := p.control().Discard(t.Context(), control.DiscardRequest{VolumeID: volume, Token: token})
		return err
	}
	must(t, discard("nothing to discard")) // idempotent: a reply may have been lost
	_, err := p.admit("one", peersOf(pods))
	must(t, err)
	waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
	refusedWith(t, discard("two"), "another token")
	must(t, discard("one"))
	must(t, discard("one"))
	if r := p.report(); r.State != control.StateWaiting || r.Volume.Contents != control.ContentsEmpty ||
		r.Volume.Admission != nil || r.Volume.ID != volume || r.Etcd != nil {
		t.Fatalf("after discard: %+v", r)
	}
	bear(t, pods, "two")
	_, err = etcdClient(t, p.as, pods...).Put(t.Context(), "k", "v")
	must(t, err)
	waitFor(t, "the write", func() bool { return p.report().Etcd.Revision > 1 })
	refusedWith(t, discard("two"), "Keys were written")
	_, err = p.formed()
	must(t, err)
	refusedWith(t, discard("two"), "formed cluster")
}

// A volume that was born and then emptied, before its cluster was formed, may
// have voted: it says so, and only a discarded birth makes it empty again.
func TestBornAndEmptied(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	p := pods[0]
	_, err := p.admit("one", peersOf(pods))
	must(t, err)
	waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
	must(t, p.stop())
	must(t, os.RemoveAll(p.layout().etcdDir()))
	p.start()
	r := p.report()
	if r.State != control.StateRefused || r.Reason != control.ReasonDataLost {
		t.Fatalf("got %+v", r)
	}
	_, err = p.admit("one", peersOf(pods))
	refusedWith(t, err, "Discard that birth")
	_, err = p.control().Discard(t.Context(), control.DiscardRequest{VolumeID: r.Volume.ID, Token: "one"})
	must(t, err)
	bear(t, pods, "two")
}

// An admission that is not durable must start nothing: after a crash the
// volume would be empty again and could be admitted to another birth.
func TestAdmissionThatCannotBeRecordedStartsNothing(t *testing.T) {
	t.Parallel()
	p := newCluster(t, 1)[0]
	obstruct(t, p, func() {
		_, err := p.admit("token", peersOf([]*pod{p}))
		refusedWith(t, err, "cannot be recorded")
		if r := p.report(); r.State != control.StateWaiting || r.Volume.Admission != nil || r.Volume.Contents != control.ContentsEmpty {
			t.Fatalf("after the refused admission: %+v", r)
		}
	})
	bear(t, []*pod{p}, "token")
}

// obstruct runs f while volume.json cannot be written, whoever runs the test:
// there is a directory in its place.
func obstruct(t *testing.T, p *pod, f func()) {
	t.Helper()
	obstacle := p.layout().volumeFile() + ".tmp"
	must(t, os.Mkdir(obstacle, 0o700))
	f()
	must(t, os.Remove(obstacle))
}
