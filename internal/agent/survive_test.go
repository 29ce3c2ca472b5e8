package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/quorate/quorate/internal/control"
)

func (p *pod) halt(grant string) (control.Report, error) {
	a := p.report().Volume.Admission
	return p.control().Halt(p.t.Context(), control.HaltRequest{
		VolumeID: p.report().Volume.ID, ClusterID: a.ClusterID, MemberID: a.MemberID, Grant: grant,
	})
}

func (p *pod) survival(grant string) control.SurviveRequest {
	r := p.report()
	return control.SurviveRequest{
		VolumeID: r.Volume.ID, ClusterID: r.Volume.Admission.ClusterID, MemberID: r.Volume.Admission.MemberID, Grant: grant, Log: *r.Log,
	}
}

func (p *pod) survive(grant string) {
	p.t.Helper()
	_, err := p.control().Survive(p.t.Context(), p.survival(grant))
	must(p.t, err)
	waitFor(p.t, "readiness alone", p.ready)
	if r := p.report(); r.Volume.Survived != grant || r.Volume.Halted != "" || r.Log != nil || r.Etcd.Voters != 1 {
		p.t.Errorf("after surviving: %+v", r)
	}
}

// acknowledged are the keys whose writes a client was told of.
type acknowledged struct {
	mu   sync.Mutex
	keys []string
}

// write puts keys through one member, from many clients, until ctx is done.
func (k *acknowledged) write(ctx context.Context, t *testing.T, p *pod) {
	var writers sync.WaitGroup
	for w := range 20 {
		c := etcdClient(t, p.as, p)
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				key := fmt.Sprintf("acknowledged-%d-%d", w, i)
				if _, err := c.Put(ctx, key, "v"); err == nil {
					k.mu.Lock()
					k.keys = append(k.keys, key)
					k.mu.Unlock()
				}
			}
		})
	}
	writers.Wait()
}

// crashed is a cluster of three whose processes were killed at once, while clients
// wrote through the first one.
func crashed(t *testing.T, change ...func(*Config)) ([]*pod, *acknowledged) {
	t.Helper()
	as := newAuthorities(t)
	pods, processes := make([]*pod, 3), make([]*exec.Cmd, 3)
	for i := range pods {
		pods[i] = newPod(t, as, fmt.Sprintf("demo-%d", i))
		for _, f := range append(change, plain) {
			f(&pods[i].config)
		}
		// etcd starts alone from what the database has applied, if that is more than what
		// the log says is committed: here it never is.
		pods[i].config.Options = []string{"backend-batch-interval=10m", "backend-batch-limit=10000000"}
		processes[i] = pods[i].spawn()
		waitFor(t, "the agent", func() bool {
			r, err := pods[i].control().Report(t.Context())
			return err == nil && r.State == control.StateWaiting
		})
	}
	form(t, pods)
	ctx, cancel := context.WithCancel(t.Context())
	var keys acknowledged
	written := make(chan struct{})
	go func() { keys.write(ctx, t, pods[0]); close(written) }()
	enough := 200 + rand.IntN(400)
	waitFor(t, "writes", func() bool {
		keys.mu.Lock()
		defer keys.mu.Unlock()
		return len(keys.keys) >= enough
	})
	for _, p := range processes {
		must(t, p.Process.Kill())
	}
	for _, p := range processes {
		_ = p.Wait() // it was killed
	}
	cancel()
	<-written
	for _, p := range pods {
		must(t, removeDurable(p.layout().startsFile())) // patience has its own tests
	}
	return pods, &keys
}

func (k *acknowledged) check(t *testing.T, p *pod) {
	t.Helper()
	got, err := p.etcd().Get(t.Context(), "acknowledged-", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	must(t, err)
	there := map[string]bool{}
	for _, kv := range got.Kvs {
		there[string(kv.Key)] = true
	}
	lost := 0
	for _, key := range k.keys {
		if !there[key] {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("of %d acknowledged writes %d are lost", len(k.keys), lost)
	}
}

// Whatever the survivor has acknowledged is there, however its cluster ended.
func TestSurvive(t *testing.T) {
	t.Parallel()
	for range 6 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			pods, keys := crashed(t)
			p := pods[0]
			cluster := p.admission()
			p.start()
			waitFor(t, "etcd", func() bool { return p.report().Etcd != nil })
			_, err := p.halt("lost")
			must(t, err)
			p.survive("lost")
			keys.check(t, p)
			if r := p.report(); r.Etcd.ClusterID != cluster.ClusterID || r.Etcd.MemberID != cluster.MemberID {
				t.Errorf("it is another: %+v", r.Etcd)
			}
		})
	}
}

// admission is what lies on the volume of a pod that does not run.
func (p *pod) admission() control.Admission {
	p.t.Helper()
	record, err := readVolume(p.layout())
	must(p.t, err)
	return *record.Admission
}

// Once it is done it is not done again: members that come later stay, through any
// restart, and the same grant again changes nothing.
func TestSurviveOnce(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	form(t, pods)
	p := pods[0]
	for _, other := range pods[1:] {
		must(t, other.stop())
	}
	waitFor(t, "the end of the quorum", func() bool { return p.report().Etcd.Leader == 0 })
	_, err := p.halt("lost")
	must(t, err)
	req := p.survival("lost")
	p.survive("lost")
	joined := newMember(t, []*pod{p}, plain)
	joined.config.Name = "demo-9"
	joined.start()
	learner := addLearner(t, []*pod{p}, joined)
	_, err = joined.join(learner)
	must(t, err)
	promote(t, []*pod{p}, learner.MemberID)
	waitFor(t, "readiness of the new member", joined.ready)
	_, err = p.control().Survive(t.Context(), req)
	must(t, err)
	must(t, p.stop())
	p.start()
	waitFor(t, "readiness after a restart", p.ready)
	list, err := p.etcd().MemberList(t.Context())
	must(t, err)
	if len(list.Members) != 2 || p.report().Volume.Survived != "lost" {
		t.Errorf("members %v", list.Members)
	}
	_, err = p.etcd().Put(t.Context(), "k", "v")
	must(t, err)
	sameKeys(t, []*pod{p, joined})
}

// Halted is for as long as the operator wants, and only without a quorum.
func TestHalt(t *testing.T) {
	t.Parallel()
	pods := newCluster(t, 3, plain)
	form(t, pods)
	p := pods[0]
	_, err := p.halt("lost")
	refusedWith(t, err, "has a quorum")
	for _, other := range pods[1:] {
		must(t, other.stop())
	}
	waitFor(t, "the end of the quorum", func() bool { return p.report().Etcd.Leader == 0 })
	lists(t, p, pods)
	r, err := p.halt("lost")
	must(t, err)
	lists(t, p, pods)
	if r.State != control.StateHalted || r.Etcd != nil || r.Log == nil || r.Log.Index < 4 || r.Log.Term < 2 || r.Volume.Halted != "lost" {
		t.Fatalf("got %+v, log %+v", r, r.Log)
	}
	log := *r.Log
	must(t, p.stop())
	p.start()
	if r := p.report(); r.State != control.StateHalted || r.Log == nil || *r.Log != log {
		t.Fatalf("after a restart: %+v, log %+v", r, r.Log)
	}
	lists(t, p, pods)
	if status, _ := p.probe("/livez"); status != 200 || p.ready() {
		t.Error("a halted member is alive and not ready")
	}
	_, err = p.halt("lost")
	must(t, err)
	_, err = p.halt("another")
	refusedWith(t, err, "another occasion")
	good := p.survival("lost")
	for says, change := range map[string]func(*control.SurviveRequest){
		"This volume is":    func(r *control.SurviveRequest) { r.VolumeID = "other" },
		"This is member":    func(r *control.SurviveRequest) { r.MemberID++ },
		"Halt it first":     func(r *control.SurviveRequest) { r.Grant = "another" },
		"ends elsewhere":    func(r *control.SurviveRequest) { r.Log.Index-- },
		" is not halted on": func(r *control.SurviveRequest) { r.Grant = "" },
	} {
		bad := good
		change(&bad)
		_, err = p.control().Survive(t.Context(), bad)
		refusedWith(t, err, says)
	}
	_, err = p.halt("")
	must(t, err)
	for _, other := range pods[1:] {
		other.start()
	}
	waitFor(t, "readiness", p.ready)
	if r := p.report(); r.Volume.Halted != "" || r.Log != nil || r.Listed != nil || r.Etcd.Voters != 3 {
		t.Errorf("after the halt: %+v", r)
	}
}

// lists checks that a member without a quorum tells who is in its cluster.
func lists(t *testing.T, p *pod, pods []*pod) {
	t.Helper()
	got := p.report().Listed
	for _, of := range pods {
		a := of.admission()
		if m, ok := got.ByID(a.MemberID); !ok || m.Name != of.config.Name || len(m.PeerURLs) != 1 || m.PeerURLs[0] != of.config.PeerURL || m.IsLearner {
			t.Errorf("%s is told as %+v in %+v", of.config.Name, m, got)
		}
	}
	if len(got) != len(pods) {
		t.Errorf("%d members are told: %+v", len(got), got)
	}
}

// A learner may lack what was acknowledged, and etcd panics over one.
func TestLearnerSurvivesNothing(t *testing.T) {
	t.Parallel()
	voter, p, req := learner(t, plain)
	p.start()
	_, err := p.join(req)
	must(t, err)
	waitFor(t, "the learner to be listed", func() bool { r := p.report(); return r.Etcd != nil && r.Etcd.Voters == 1 && r.Etcd.Leader != 0 })
	must(t, voter.stop())
	_, err = p.halt("lost")
	must(t, err)
	_, err = p.control().Survive(t.Context(), p.survival("lost"))
	refusedWith(t, err, "is a learner")
	if self, ok := p.report().Listed.ByID(req.MemberID); !ok || !self.IsLearner {
		t.Errorf("it is told as %+v", self)
	}
	if r := p.report(); r.State != control.StateHalted {
		t.Errorf("got %+v", r)
	}
}

// Killed before each change of a file, once more at another, and then left alone,
// the survivor finishes what was granted, and loses nothing.
func TestSurviveKilledAtEachChange(t *testing.T) {
	t.Parallel()
	pods, keys := crashed(t)
	dead := &casualty{pods[0], pods[0].admission(), scanLog(pods[0].layout().walDir()), keys}
	for n := 1; dead.survivesKill(t, traced{At: n}, 1+n%23) && !t.Failed(); n++ {
	}
	for i, step := range []string{
		"create starts.json.tmp", "write data/member/wal", "sync data/member/wal", "write data/member/snap/db",
		"create volume.json.tmp", "rename volume.json.tmp", "remove starts.json",
	} {
		if !dead.survivesKill(t, traced{Named: step}, 1+i) {
			t.Errorf("it was not killed at: %s", step)
		}
	}
}

// casualty is the survivor's volume as its processes' deaths have left it.
type casualty struct {
	*pod
	admission control.Admission
	log       Log
	keys      *acknowledged
}

// survivesKill grants survival to a copy of the volume, kills what comes of it twice,
// and finishes it. It returns false once the first kill comes too late.
func (c *casualty) survivesKill(t *testing.T, first traced, second int) bool {
	t.Helper()
	p := *c.pod
	p.config.Dir = t.TempDir()
	must(t, os.CopyFS(p.config.Dir, os.DirFS(c.config.Dir)))
	record := volumeRecord{ID: "3b0f1d8e-5f0e-4d53-8d5c-0e5a3f8a7c11", Admission: &c.admission, Born: true, Halted: "lost",
		Survival: &survival{"lost", control.LogPosition{Term: c.log.LastTerm, Index: c.log.Last}}}
	must(t, record.write(p.layout()))
	variable := restoreVariable + "=" + encode(t, restoring{Config: p.config})
	first.Variable, first.Dir = variable, p.config.Dir
	at := kill(t, first)
	done, err := readVolume(p.layout())
	must(t, err)
	if at == "" || done.Survived == "lost" && strings.Contains(at, " data/") {
		return false
	}
	must(t, removeDurable(p.layout().startsFile())) // patience has its own tests
	if again := killedAt(t, variable, p.config.Dir, second); again != "" {
		at += ", then " + again
	}
	must(t, removeDurable(p.layout().startsFile()))
	p.start()
	waitFor(t, "readiness after a kill at "+at, p.ready)
	c.keys.check(t, &p)
	if r := p.report(); r.Volume.Survived != "lost" || r.Volume.Halted != "" || r.Etcd.Voters != 1 {
		t.Errorf("killed at %s: %+v", at, r)
	}
	must(t, p.stop())
	return true
}
