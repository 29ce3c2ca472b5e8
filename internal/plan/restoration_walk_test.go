package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/etcd"
)

// walk is a history of one cluster: restores are asked for and withdrawn, the
// EtcdCluster is deleted and applied again, a volume is lost, at any moment.
type walk struct {
	*lab
	rand     *rand.Rand
	told     strings.Builder
	restores int
	lost     bool
	reborn   bool
}

// TestRestorationWalks: whatever happens between the steps of restores, no cluster is
// born empty in the place of data, none goes over while members run, no volume that
// ever served is deleted before its time, and in the end there is a cluster: the one
// of before where the restore was withdrawn in time, otherwise the restored one.
func TestRestorationWalks(t *testing.T) {
	t.Parallel()
	for seed := range uint64(80) {
		w := &walk{lab: unborn(t, 3), rand: rand.New(rand.NewPCG(seed, 5))}
		w.settle()
		w.run("")
		for range 30 {
			w.happen()
			w.step()
		}
		w.end(seed)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s\n%s", seed, w.told.String(), w.show())
		}
	}
}

func (w *walk) note(format string, args ...any) { fmt.Fprintf(&w.told, format+"\n", args...) }

// happen is what somebody else does.
func (w *walk) happen() {
	switch n := w.rand.IntN(20); {
	case n < 3 && w.seen.Request == nil:
		w.restores++
		w.note("restore r%d is asked for", w.restores)
		_ = w.tellRestore("name", fmt.Sprintf("r%d", w.restores))
		w.restoresAgain()
	case n == 3 && w.seen.Request != nil:
		w.note("it is withdrawn")
		_ = w.tellRestore("gone", "")
	case n == 4:
		w.note("the EtcdCluster is applied again")
		w.reapply()
		w.reborn = true
	case n == 5 && !w.lost && w.seen.Record.ClusterID != 0 && w.quorum(w.seen.Record.ClusterID):
		name := etcd.MemberName(fmt.Sprintf("demo-%d", w.rand.IntN(3)))
		if m := w.member(name); m.Claim != nil {
			w.note("%s loses its volume", name)
			w.lost = true
			must(w.t, w.tellMember(name, "lost", ""))
		}
	case n == 6:
		w.note("the volumes' time has passed")
		_ = w.tellRestore("kept", "over")
	}
	w.settle()
}

// restoresAgain shows the planner the backup of a restore that is under way already.
func (w *walk) restoresAgain() {
	if rec := w.seen.Record.Restore; rec.active() && rec.UID == w.seen.Request.UID {
		w.lab.restores()
	}
}

// step lets the operator do what it decides.
func (w *walk) step() (acted bool) {
	d := w.decide()
	w.note("  %s", strings.SplitN(tell(d), "\n", 2)[0])
	if d.Outcome != OutcomeAct {
		return false
	}
	served := w.served()
	switch a := d.Action.(type) {
	case SwitchEpoch:
		w.stopped("goes over")
	case TakeBack:
		if w.seen.Record.ClusterID == 0 {
			w.stopped("goes back")
		}
	case Grant:
		if a.Restore == nil {
			w.t.Error("a cluster is born empty in the place of data")
		}
	case DropVolumes:
		for _, v := range w.seen.Former {
			if strings.Contains(a.String(), v.Claim) && v.Formed != 0 && !v.Due {
				w.t.Errorf("%s is deleted before its time", v.Claim)
			}
		}
	case Clear:
		delete(served, a.Name)
	}
	w.perform(d.Action, nil)
	w.settle()
	for name := range served {
		if w.disks[name] == nil && !w.shelved(name) {
			w.t.Errorf("the volume of %s that served is gone after %s", name, d.Action)
		}
	}
	return true
}

func (w *walk) stopped(what string) {
	for _, m := range w.seen.Members {
		if m.Pod != PodAbsent {
			w.t.Errorf("it %s while %s runs", what, m.Name)
		}
	}
}

// served are the members whose present volume has served clients.
func (w *walk) served() map[etcd.MemberName]bool {
	served := map[etcd.MemberName]bool{}
	for name, v := range w.disks {
		if v != nil && v.Admission != nil && v.Admission.Formed {
			served[name] = true
		}
	}
	return served
}

func (w *walk) shelved(name etcd.MemberName) bool {
	for _, disks := range w.shelf.disks {
		if disks[name] != nil {
			return true
		}
	}
	return false
}

// end lets all come to rest.
func (w *walk) end(seed uint64) {
	for range 80 {
		if !w.step() {
			break
		}
	}
	d, r := w.decide(), w.seen.Record
	switch {
	case d.Outcome == OutcomeSteady && r.ClusterID != 0:
		if r.Epoch > 1 && r.Birth != nil && r.Birth.Restore == nil && !w.reborn {
			w.t.Errorf("cluster %s of epoch %d was born without the backup", r.ClusterID, r.Epoch)
		}
	case d.Reason == ReasonSuperseded && w.seen.Request == nil && w.reborn:
		// Its record and its EtcdRestore are gone: a person says which data it shall be.
	default:
		w.t.Errorf("seed %d ends with %s", seed, tell(d))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
